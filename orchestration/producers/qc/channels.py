"""Checks of emails, and of the legal lines that every channel needs."""

import re
from collections.abc import Iterator
from typing import Final

from orchestration.producers.qc.checking import (
    CRITICAL,
    MAJOR,
    MINOR,
    WHOLE,
    Draft,
    Issue,
    benchmark,
    normalized,
    quoted,
)
from orchestration.producers.qc.kinds import Kind
from orchestration.producers.qc.markup import MERGE_TAG

MAX_SUBJECT: Final = 60
PREHEADER: Final = (35, 130)
MAX_EMAIL_BYTES: Final = 102 * 1024


@benchmark(
    "subject-length",
    "Subject line",
    f"An email has a subject of at most {MAX_SUBJECT} characters.",
    severity=MAJOR,
    source="Our own limit; Mailchimp, Best Practices for Email Subject Lines (read 2026), advises "
    "50",
    kinds=(Kind.EMAIL,),
    settings="The draft's `subject`, in its front matter or metadata.",
)
def subject_length(draft: Draft) -> Iterator[Issue]:
    subject = draft.given("subject")
    if not subject:
        yield Issue(
            "Subject",
            "The email has no subject.",
            f"Add `subject:` with at most {MAX_SUBJECT} characters to the draft's front matter.",
        )
    elif len(subject) > MAX_SUBJECT:
        yield Issue(
            "Subject",
            f"The subject has {len(subject)} characters, more than {MAX_SUBJECT}.",
            "Say the benefit first, and cut what the mail says anyway.",
            MINOR,
        )


@benchmark(
    "preheader-length",
    "Preheader",
    f"An email has a preheader of {PREHEADER[0]} to {PREHEADER[1]} characters, which differs from "
    "its subject.",
    severity=MINOR,
    source="Our own limits; Intuit, Content in email (read 2026), advises 40 to 70",
    kinds=(Kind.EMAIL,),
    settings="The draft's `preheader`, in its front matter or metadata.",
)
def preheader_length(draft: Draft) -> Iterator[Issue]:
    preheader = draft.given("preheader")
    least, most = PREHEADER
    if not preheader:
        fault = "The email has no preheader; the mail program shows its first words."
    elif normalized(preheader) == normalized(draft.given("subject")):
        fault = "The preheader only repeats the subject."
    elif not least <= len(preheader) <= most:
        fault = f"The preheader has {len(preheader)} characters, not {least} to {most}."
    else:
        return
    yield Issue("Preheader", fault, "Continue the subject's thought in one short sentence.")


@benchmark(
    "email-weight",
    "Weight of an email",
    "An email's HTML is smaller than what Gmail shows without clipping, 102 KB.",
    severity=MAJOR,
    source="Gmail's limit by ActiveCampaign Help, Why is Gmail clipping my email? (read 2026)",
    kinds=(Kind.EMAIL,),
)
def email_weight(draft: Draft) -> Iterator[Issue]:
    weight = len(draft.text.html.encode(errors="replace"))
    if weight > MAX_EMAIL_BYTES:
        yield Issue(
            WHOLE,
            f"The email's HTML has {weight / 1024:.0f} KB, more than 102 KB: Gmail clips it.",
            "Link to the long parts, and take styles and images out of the HTML.",
        )


_UNSUBSCRIBE = re.compile(
    r"unsub|opt[ _-]?out|\b(?:manage|change|update|edit|set|adjust|e-?mail|mail|communication|"
    r"subscription|notification|contact|newsletter|your) (?:\w+ ){0,2}"
    r"(?:preferences?|settings|subscriptions?)\b|"
    r"preference[ _-]?cent(?:er|re)|email[_-]?preferences|manage[_-]?(?:preferences|subscription)|"
    r"subscription[_-]?(?:preferences|center|settings)|update_profile|update[_-]?preferences|"
    r"preferences?_?(?:url|link)|stop (?:getting|receiving) (?:\w+ ){0,3}e?-?mails|"
    r"abmeld|abzumelden|abgemeldet|\bmelden? (?:\w+ ){0,4}ab\b|abbestell|abzubestellen|"
    r"austrag|auszutragen|newsletter-?(?:einstellungen|abmeldung)|"
    r"(?:e-?mail|kommunikations)-?(?:einstellungen|präferenzen)",
    re.IGNORECASE,
)
_ANSWER = re.compile(
    r"\b(?:reply|replying|answer|write|email|mail|send|antwort\w*|schreib\w*)\b", re.IGNORECASE
)


@benchmark(
    "unsubscribe",
    "Unsubscribing",
    "An email says how readers unsubscribe: by a link, a merge tag, or an answer.",
    severity=CRITICAL,
    source="United States, CAN-SPAM Act (2003), 15 U.S.C. 7704(a)(3)",
    kinds=(Kind.EMAIL,),
    settings="The draft's `transactional`, `yes` in its front matter or `true` in its metadata: "
    "such mails need no link.",
)
def unsubscribe(draft: Draft) -> Iterator[Issue]:
    if draft.is_so("transactional") or "transactional" in draft.subject.content_type.lower():
        return
    by_link = any(_UNSUBSCRIBE.search(f"{link.text} {link.target}") for link in draft.text.links)
    if by_link or any(map(_UNSUBSCRIBE.search, MERGE_TAG.findall(draft.text.source))):
        return
    sentences = (each.text for each in draft.text.sentences)
    if not any(_UNSUBSCRIBE.search(text) and _ANSWER.search(text) for text in sentences):
        yield Issue(
            WHOLE,
            "The email has no link to unsubscribe.",
            "Add one to the footer, such as [Unsubscribe]({{unsubscribe_url}}).",
        )


@benchmark(
    "legal-lines",
    "Legal lines",
    "The draft has each legal line of the brand, word by word.",
    severity=CRITICAL,
    source="The brand's guidelines",
    settings="`legalLines`: texts, of all content types or by content type.",
)
def legal_lines(draft: Draft) -> Iterator[Issue]:
    for line in draft.guide.legal_lines:
        if normalized(line) not in draft.lowered:
            yield Issue(
                WHOLE,
                f"The legal line {quoted(line)} is missing, or differs from the guidelines.",
                "Copy it from the guidelines without a change.",
            )
