"""Which characters documents in PDF can show, and what they show for others.

The fonts are those that typst brings with it. They have the letters of Latin, Greek, Cyrillic,
Armenian, Hebrew and Georgian, and many signs; neither Chinese, Japanese, Korean and Arabic letters,
nor emoji. A font doesn't say what it lacks before it's used, so what they have is written down
here; a test compares it with them.
"""

import re
import unicodedata
from typing import Final

from orchestration.producers.packager.texts import without_controls

INSTEAD: Final = "\N{WHITE SQUARE}"
"""What stands for a character that the fonts lack."""

CHARACTERS: Final = (
    r"\u0020-\u007e\u00a0-\u0377\u037a-\u037f\u0384-\u038a\u038c\u038e-\u03a1\u03a3-\u04ff"
    r"\u0510-\u0513\u051a-\u051d\u0531-\u0556\u0559-\u058a\u058d-\u058f\u0591-\u05c7"
    r"\u05d0-\u05ea\u05ef-\u05f4\u0e3f\u10d0-\u10ff\u13a0-\u13f5\u13f8-\u13fd\u1d00-\u1f15"
    r"\u1f18-\u1f1d\u1f20-\u1f45\u1f48-\u1f4d\u1f50-\u1f57\u1f59\u1f5b\u1f5d\u1f5f-\u1f7d"
    r"\u1f80-\u1fb4\u1fb6-\u1fc4\u1fc6-\u1fd3\u1fd6-\u1fdb\u1fdd-\u1fef\u1ff2-\u1ff4"
    r"\u1ff6-\u1ffe\u2000-\u2064\u2066-\u2071\u2074-\u208e\u2090-\u209c\u20a0-\u20c0"
    r"\u2100-\u2151\u2153-\u2184\u2189\u2190-\u23ff\u2422\u2423\u2460-\u2600\u2605\u2606\u2609"
    r"\u2612\u2619\u261b\u261e\u2621\u2627\u262d\u262f\u2638-\u2653\u2660-\u2667\u2669-\u266f"
    r"\u267e\u2680-\u2689\u2695\u2698\u26a2-\u26a5\u26aa-\u26ae\u26b2\u2713\u2717\u271d\u2720"
    r"\u2726\u272a\u2736\u273d\u275a\u2767\u2772\u2773\u279b\u27a1\u27c0-\u2b73\u2b76-\u2b95"
    r"\u2b97-\u2bff\ufb00-\ufb06\ufb13-\ufb17\ufb1d-\ufb36\ufb38-\ufb3c\ufb3e\ufb40\ufb41\ufb43"
    r"\ufb44\ufb46-\ufb4f\ufffd"
)
"""All that the fonts have upright, in italics and in bold, as a set of a regular expression."""

_SELECTORS: Final = re.compile("[\ufe00-\ufe0f]")
"""They choose between ways to draw a character, of which the fonts have one."""
_LACKING: Final = rf"[^\t\n{CHARACTERS}]"
_TONES: Final = "[\U0001f3fb-\U0001f3ff\u20e3]*"
_LACKED: Final = re.compile(rf"{_LACKING}{_TONES}(?:\u200d{_LACKING}{_TONES})*")
"""One sign for those who read it, such as a family of emoji, is replaced by one."""
_UNBROKEN: Final = re.compile(r"\S{24}(?=\S)")
_MAY_BREAK: Final = "\N{ZERO WIDTH SPACE}"


def displayable(text: str) -> str:
    """The text as the fonts can show it; a word that is wider than a column may be broken."""
    text = unicodedata.normalize("NFC", without_controls(text))
    text = _SELECTORS.sub("", text).replace("\u2028", "\n").replace("\u2029", "\n\n")
    return _UNBROKEN.sub(rf"\g<0>{_MAY_BREAK}", _LACKED.sub(INSTEAD, text))


def without_marks(text: str) -> str:
    """The text without accents that are characters of their own.

    No font may have a letter together with the accent, though some have each of them.
    """
    return "".join(each for each in text if not unicodedata.category(each).startswith("M"))
