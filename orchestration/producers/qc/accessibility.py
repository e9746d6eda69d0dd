"""Checks by the Web Content Accessibility Guidelines: alt texts, contrast of colours."""

import re
from collections.abc import Iterator
from typing import Final

from orchestration.producers.qc.checking import MAJOR, Draft, Issue, benchmark, quoted

MIN_CONTRAST: Final = 4.5
MAX_ALT: Final = 250
_FILE_NAME = re.compile(r"[\w ()-]+\.(?:jpe?g|png|gif|webp|svg|avif)", re.IGNORECASE)
_SAYS_NOTHING: Final = frozenset(
    {"image", "photo", "picture", "img", "graphic", "alt", "alt text", "banner", "hero", "logo",
     "icon", "untitled", "placeholder"}
)  # fmt: skip


@benchmark(
    "alt-texts",
    "Alt texts",
    f"Each image has an alt text that says what it shows, in at most {MAX_ALT} characters. Images "
    'in HTML may be marked as decoration, such as by `alt=""`.',
    severity=MAJOR,
    source="W3C, WCAG 2.2 (2023), 1.1.1 and failures F30 and F65; the length is our own",
)
def alt_texts(draft: Draft) -> Iterator[Issue]:
    for image in draft.text.images:
        if image.is_decoration:
            continue
        name = quoted(image.source or "without a source")
        alt = (image.alt or "").strip()
        if not alt:
            yield Issue(
                image.section,
                f"The image {name} has no alt text.",
                "Say in a sentence what the image tells.",
            )
        elif _FILE_NAME.fullmatch(alt) or alt.lower() in _SAYS_NOTHING:
            yield Issue(
                image.section,
                f"The alt text {quoted(alt)} says nothing about the image {name}.",
                "Say in a sentence what the image tells.",
            )
        elif len(alt) > MAX_ALT:
            yield Issue(
                image.section,
                f"The alt text of {name} has {len(alt)} characters, more than {MAX_ALT}.",
                "Say the essential, and move the rest into the text.",
            )


_STYLE_COLOR = re.compile(
    r"(?<![-\w])(color|background(?:-color)?)\s*:\s*(#[0-9a-f]{6}\b|#[0-9a-f]{3}\b)", re.IGNORECASE
)


def luminance(color: str) -> float:
    """The relative luminance of `#rgb` or `#rrggbb`, 0 to 1, as WCAG defines it."""
    digits = color.removeprefix("#")
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    red, green, blue = (_linear(int(digits[at : at + 2], 16) / 255) for at in (0, 2, 4))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)


def contrast(text: str, background: str) -> float:
    """The contrast ratio of two colours, 1 to 21."""
    lighter, darker = sorted((luminance(text), luminance(background)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@benchmark(
    "contrast",
    "Contrast of colours",
    f"Text on its background has a contrast of {MIN_CONTRAST:g} to 1 at least: the brand's "
    "colours, and styles in HTML that set both.",
    severity=MAJOR,
    source="W3C, WCAG 2.2 (2023), 1.4.3",
    settings="`colors`: `text` and `background`, and `pairs` of both, as `#rrggbb`.",
)
def color_contrast(draft: Draft) -> Iterator[Issue]:
    pairs = [("Brand colours", *pair) for pair in draft.guide.color_pairs]
    for style, section in draft.text.styles:
        found = {name.lower()[:5]: color for name, color in _STYLE_COLOR.findall(style)}
        if len(found) == 2:
            pairs.append((section, found["color"], found["backg"]))
    for section, text, background in dict.fromkeys(pairs):
        if (ratio := contrast(text, background)) < MIN_CONTRAST:
            yield Issue(
                section,
                f"{text} on {background} has a contrast of {ratio:.1f} to 1, less than "
                f"{MIN_CONTRAST:g}.",
                "Make the text darker or the background lighter, or the other way round.",
            )
