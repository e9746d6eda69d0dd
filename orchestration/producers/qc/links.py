"""Checks of links: whether they lead somewhere, what they are called, their UTM parameters."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from orchestration.producers.qc.checking import MAJOR, MINOR, Draft, Issue, benchmark, quoted
from orchestration.producers.qc.kinds import Kind
from orchestration.producers.qc.markup import MERGE_TAG, Link, anchor_of

_PLACEHOLDER_HOSTS: Final = frozenset(
    {"localhost", "example.com", "example.org", "example.net", "yoursite.com", "yourdomain.com",
     "website.com", "domain.com", "link.com", "url.com", "test.com"}
)  # fmt: skip
_PLACEHOLDER_TARGETS: Final = frozenset(
    {"#", "link", "url", "todo", "tbd", "http://", "https://", "javascript:void(0)",
     "javascript:;", "insert-link", "insert-link-here"}
)  # fmt: skip
_RESERVED: Final = (".example", ".test", ".invalid", ".localhost", ".local")
_LOCAL = re.compile(r"(?:127\.|10\.|192\.168\.)[\d.]+")
_HOST = re.compile(r"(?:[\w-]+\.)+[a-z][a-z0-9-]+", re.IGNORECASE)
_BEGIN: Final = r"(?:https?:|www\.|mailto:|tel:)"
_BROKEN = re.compile(
    rf"\[[^\[\]\n]{{1,200}}\](?:\({_BEGIN}[^()\n]{{0,300}}\)?| \({_BEGIN}[^()\s]{{1,300}}\))"
    rf"|\([^()\n]{{1,200}}\)\[{_BEGIN}[^\[\]\n]{{0,300}}\]",
    re.IGNORECASE,
)
_SCHEMES: Final = frozenset({"http", "https", "mailto", "tel", "sms"})


def _split(target: str) -> SplitResult | None:
    try:
        return urlsplit(f"https://{target}" if target.lower().startswith("www.") else target)
    except ValueError:
        return None


def _fault(link: Link, anchors: set[str]) -> str | None:
    """What is wrong with where the link leads; None: nothing that can be seen."""
    target = link.target.strip()
    if _is_filled_in(target):
        return None  # the sending service puts an address there
    if not target:
        return "leads nowhere"
    if target.lower() in _PLACEHOLDER_TARGETS:
        return "is a placeholder"
    if target.startswith("#"):
        anchor = anchor_of(unquote(target[1:]))
        if anchor in anchors or anchor == "top":
            return None
        return "leads to a place that the text doesn't have"
    parts = _split(target)
    if parts is None:
        return "is no valid address"
    if not parts.scheme:
        return "is relative, and leads nowhere from a mail or another site"
    if parts.scheme not in _SCHEMES:
        return f"has the scheme {quoted(parts.scheme)}, which readers can't open"
    if parts.scheme in {"http", "https"}:
        return _fault_of_host((parts.hostname or "").lower())
    return None if parts.path.strip() else "leads nowhere"


def _broken_links(draft: Draft) -> Iterator[Issue]:
    """What was meant as a link of Markdown and isn't one, so that readers see its brackets."""
    for block in draft.text.blocks:
        if "](" in block.written or "] (" in block.written or ")[" in block.written:
            for match in _BROKEN.finditer(block.written):
                yield Issue(
                    block.section,
                    f"{quoted(match[0])} isn't read as a link.",
                    "Write [text](address), with %20 for a space in the address.",
                )


def _fault_of_host(host: str) -> str | None:
    bare = host.removeprefix("www.")
    if bare in _PLACEHOLDER_HOSTS or bare.endswith(_RESERVED) or _LOCAL.fullmatch(bare):
        return "is a placeholder"
    return None if _HOST.fullmatch(host) else "is no valid address"


@benchmark(
    "links",
    "Links",
    "Links are absolute and valid, lead to no placeholder, and those inside the text to a place "
    "that it has.",
    severity=MAJOR,
    source="IETF, RFC 3986 (2005), and RFC 2606 (1999) for reserved names",
)
def links(draft: Draft) -> Iterator[Issue]:
    if draft.kind is not Kind.VIDEO_SCRIPT:
        yield from _broken_links(draft)
    for link in draft.text.links:
        if (fault := _fault(link, draft.text.anchors)) is not None:
            yield Issue(
                link.section,
                f"The link {quoted(link.text or link.target)} ({link.target[:200]}) {fault}.",
                "Give the whole address, from https:// on.",
            )


_VAGUE: Final = frozenset(
    {"here", "click here", "this", "this link", "link", "read more", "more", "learn more",
     "this page", "click", "tap here", "see here", "details", "more info", "info", "page",
     "website"}
)  # fmt: skip


@benchmark(
    "link-text",
    "Texts of links",
    "The text of each link says where it leads.",
    severity=MINOR,
    source="W3C, WCAG 2.2 (2023), 2.4.4 and failure F84",
)
def link_text(draft: Draft) -> Iterator[Issue]:
    images = {image.section for image in draft.text.images}
    for link in draft.text.links:
        text = link.text.strip(" .!→»>").lower()
        if text in _VAGUE or (not text and link.target and link.section not in images):
            yield Issue(
                link.section,
                f"The link's text {quoted(link.text)} doesn't say where it leads."
                if text
                else f"The link to {link.target[:200]} has no text.",
                "Name the page, or what the reader does there.",
            )


_UTM: Final = ("utm_source", "utm_medium", "utm_campaign")
_CAMPAIGN_OF = re.compile(r"utm_campaign=([a-z0-9._-]{1,200})(?=[&\s\"')>\]#]|$)", re.IGNORECASE)
_VALUE_TAG = re.compile(r"=(?:\{[\w.:-]{1,60}\}|\[[\w.:-]{1,60}\]|\$\{[\w.:-]{1,60}\})")
"""A value between single braces, which ad servers fill in."""
_MAX_OTHERS: Final = 10_000
"""So many characters of another draft are looked through."""


@benchmark(
    "utm-parameters",
    "UTM parameters",
    "Tagged links have a source, a medium and a campaign, in lower case and without spaces; the "
    "campaign is the same in all links of the draft, and of the other drafts of its campaign.",
    severity=MAJOR,
    source="Google Analytics Help, URL builders: Collect campaign data with custom URLs",
    settings="`utm`: the `source`, `medium` and `campaign` that links must have, each optional.",
)
def utm_parameters(draft: Draft) -> Iterator[Issue]:
    tagged = [
        (link, tags)
        for link in draft.text.links
        if (tags := _tags(link)) and not _is_filled_in(link.target)
    ]
    expected = {f"utm_{key}": value for key, value in draft.guide.utm.items()}
    campaign = expected.get("utm_campaign") or _usual_campaign(draft, [tags for _, tags in tagged])
    for link, tags in tagged:
        if missing := [name for name in _UTM if not tags.get(name)]:
            yield _issue(link, f"lacks {', '.join(missing)}", "Add the parameter.")
            continue
        if unclean := [name for name in _UTM if not re.fullmatch(r"[a-z0-9._-]+", tags[name])]:
            name = unclean[0]
            yield _issue(
                link,
                f"has {name} {quoted(tags[name])}, which isn't lower case without spaces",
                "Reports count each spelling apart: use lower case, and hyphens or underscores.",
            )
            continue
        wanted = {**expected, **({"utm_campaign": campaign} if campaign else {})}
        for name in _UTM:
            if name in wanted and tags[name] != wanted[name]:
                yield _issue(
                    link,
                    f"has {name} {quoted(tags[name])}, where others have {quoted(wanted[name])}",
                    "Use the same in the whole campaign.",
                )


def _is_filled_in(target: str) -> bool:
    """Whether the sending service, or the ad server, fills in a part of the address."""
    plain = unquote(target)
    return MERGE_TAG.search(plain) is not None or _VALUE_TAG.search(plain) is not None


def _tags(link: Link) -> dict[str, str]:
    parts = _split(link.target)
    if parts is None or "utm_" not in parts.query:
        return {}
    return {
        name.lower(): value.strip()
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if name.lower().startswith("utm_")
    }


def _usual_campaign(draft: Draft, tags: list[dict[str, str]]) -> str | None:
    """The campaign that most links of the other drafts have, else most of this one."""
    others = Counter(
        campaign
        for other in draft.subject.others
        if other.same_campaign
        for found in _CAMPAIGN_OF.findall(other.body[:_MAX_OTHERS])
        if (campaign := found.rstrip(".-_"))
    )
    own = Counter(each["utm_campaign"] for each in tags if each.get("utm_campaign"))
    counted = others or own
    return max(counted, key=lambda name: (counted[name], name)) if counted else None


def _issue(link: Link, fault: str, hint: str) -> Issue:
    return Issue(link.section, f"The link {quoted(link.text or link.target)} {fault}.", hint)
