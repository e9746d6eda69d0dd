"""What a piece is written from, and how its template gets what all kinds have."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from orchestration.producers.briefs.material import Material
from orchestration.producers.briefs.phrases import as_sentence
from orchestration.producers.drafts.amendments import Amendments
from orchestration.producers.drafts.brand import Brand
from orchestration.producers.drafts.links import Action
from orchestration.producers.drafts.markdown import rendered
from orchestration.producers.qc.checking import normalized, phrase_pattern
from orchestration.producers.qc.kinds import Kind
from orchestration.producers.qc.text import words_of

USUAL_WORDS: Final[Mapping[Kind, int]] = {
    Kind.BLOG_POST: 700,
    Kind.EMAIL: 160,
    Kind.LANDING_PAGE: 320,
    Kind.SOCIAL_POST: 70,
    Kind.VIDEO_SCRIPT: 150,
}
"""So many words a piece has at most, unless the brand's guidelines have a range of their own."""
_MIN_PAGE: Final = 140
_AROUND: Final = 25
"""Words of headings, the call to action and the footer."""


@dataclass(frozen=True, slots=True)
class Writing:
    """What a piece is written from. `channel` is the network's name, where it's one."""

    kind: Kind
    title: str
    material: Material
    brand: Brand
    amendments: Amendments
    action: Action
    channel: str | None
    seconds: int | None
    """How long a video is to be, where the brief says it."""
    blog_posts: int
    """How many the campaign has: a page beside them is short, so that it doesn't repeat them."""

    @property
    def max_words(self) -> int:
        """The words that the piece may have in all."""
        usual, own = USUAL_WORDS[self.kind], self.brand.guide.length
        if self.kind is Kind.LANDING_PAGE and self.blog_posts:
            its_own = sum(len(words_of(each)) for each in self.material.features)
            shared = max(_MIN_PAGE, self.material.words // (2 + self.blog_posts))
            usual = min(usual, shared + its_own)
        most = usual if own is None else own.most if own.least > usual else min(usual, own.most)
        return min(most, self.amendments.max_words or most)

    @property
    def room(self) -> int:
        """The words that it may have of the brief's."""
        return max(0, self.max_words - _AROUND - self.legal_words)

    @property
    def legal_words(self) -> int:
        return len(words_of(" ".join(self.legal)))

    @property
    def legal(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.brand.guide.legal_lines, *self.amendments.added_lines)))

    @property
    def required_sections(self) -> tuple[str, ...]:
        added = self.amendments.added_sections
        return tuple(dict.fromkeys((*self.brand.guide.required_sections, *added)))

    def missing_phrases(self, text: str) -> tuple[str, ...]:
        """The required phrases that the text lacks, as sentences. One word is none."""
        phrases = dict.fromkeys(
            (*self.brand.guide.required_phrases, *self.amendments.added_phrases)
        )
        found = normalized(text)
        return tuple(
            as_sentence(each)
            for each in phrases
            if len(each.split()) > 1 and not phrase_pattern(each).search(found)
        )


class Written(NamedTuple):
    body: str
    metadata: dict[str, object]


def body_of(writing: Writing, context: dict[str, object], *outside: str) -> str:
    """The text of the kind's template, with the phrases that the brand requires and that neither
    the text has nor what is `outside` of it, such as a subject."""
    template = f"{writing.kind}.md.j2"
    context |= {"action": writing.action, "legal": writing.legal, "closing": ()}
    text = rendered(template, context)
    shown = "\n".join((text.replace("\\", ""), *outside))
    if closing := writing.missing_phrases(shown):
        text = rendered(template, context | {"closing": closing})
    return text
