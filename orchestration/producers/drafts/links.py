"""Where a draft's call to action leads, and how it's called."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import urlencode, urlsplit, urlunsplit

from orchestration.producers.briefs.material import Material
from orchestration.producers.briefs.phrases import as_sentence
from orchestration.producers.drafts.brand import Brand
from orchestration.producers.drafts.markdown import Markdown, escaped, link
from orchestration.producers.qc.kinds import Kind

MEDIUMS: Final[Mapping[Kind, str]] = {
    Kind.EMAIL: "email",
    Kind.SOCIAL_POST: "social",
    Kind.VIDEO_SCRIPT: "video",
}
"""The kinds whose links are tagged: those that aren't on the website itself. Tags on links inside
of a website would end the visit that they count."""


class Action(NamedTuple):
    """A call to action. `address` may be empty."""

    label: str
    address: str

    @property
    def markdown(self) -> Markdown | str:
        return link(self.label, self.address) if self.address else as_sentence(self.label)

    @property
    def written_out(self) -> Markdown | str:
        """For networks that show no Markdown: the address as it is."""
        if not self.address:
            return as_sentence(self.label)
        return Markdown(f"{escaped(self.label)}: {self.address}")

    @property
    def spoken(self) -> str:
        """As somebody says it: with the name of the website."""
        host = (urlsplit(self.address).hostname or "").removeprefix("www.")
        return as_sentence(f"{self.label} at {host}" if host else self.label)


def action_of(material: Material, brand: Brand, address: str) -> Action:
    """The first call to action that the brand has, or the brief; else one that its names allow."""
    calls = (*brand.guide.calls_to_action, *material.actions)
    label = next((each for each in calls if not brand.refuses(each)), "")
    if not label and address and material.subject:
        label = f"Learn more about {material.subject}"
    if not label:
        label = f"Contact {material.company}" if material.company else "Contact us"
    return Action(label.rstrip("."), address)


def tagged(address: str, kind: Kind, channel: str, campaign: str, utm: Mapping[str, str]) -> str:
    """The address with the tags that count visits, where the kind has some. What the brand's
    guidelines say of tags goes first, and an address that has tags keeps them."""
    medium = MEDIUMS.get(kind)
    if not address or medium is None or "utm_" in address:
        return address
    tags = {
        "utm_source": utm.get("source") or slug_of(channel),
        "utm_medium": utm.get("medium") or medium,
        "utm_campaign": utm.get("campaign") or slug_of(campaign),
    }
    parts = urlsplit(address)
    query = "&".join(filter(None, (parts.query, urlencode(tags))))
    return urlunsplit(parts._replace(path=parts.path or "/", query=query))


_MAX_SLUG: Final = 60


def slug_of(name: str) -> str:
    """Lower case, digits and hyphens, as tags are written; `campaign` where nothing is left."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = "-".join(re.findall(r"[a-z0-9]+", plain.replace("'", "")))
    return slug[:_MAX_SLUG].rstrip("-") or "campaign"
