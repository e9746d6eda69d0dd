"""Making PDFs by typst, in a process that may be ended."""

import json
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Literal

from orchestration.producers.packager.errors import DocumentFailed
from orchestration.producers.packager.glyphs import INSTEAD, displayable, without_marks

if TYPE_CHECKING:
    import typst

STANDARDS: Final[tuple[Literal["a-2a", "ua-1"], ...]] = ("a-2a", "ua-1")
"""For archives, and for those who don't see: both refuse a document that shows no sign for a
character."""
_FOLDER: Final = Path(__file__).with_name("template")
"""All that typst may read. It has the template alone."""
_NOT_SHOWN: Final = "could not be displayed"
_CACHED: Final = 32
_MAX_CACHED_LENGTH: Final = 200_000
_compiling: Final = Lock()
"""A compiler is one thread's at a time."""


def shown_plan(content: Mapping[str, object]) -> str:
    """The content as the template takes it: JSON, with the characters that fonts have."""
    return json.dumps(_with_note(content), ensure_ascii=False)


def pdf_of(plan: str) -> bytes:
    """The PDF of a plan; the same plan gives the same bytes. Raises DocumentFailed.

    The last ones are kept in the process: all packages of a run have the same plan.
    """
    return _compiled(plan) if len(plan) <= _MAX_CACHED_LENGTH else _compile(plan)


def _with_note(content: Mapping[str, object]) -> Mapping[str, object]:
    """The content with texts that the fonts can show; `replaced`: some characters are others."""
    shown = _displayed(content)
    replaced = json.dumps(shown, ensure_ascii=False).count(INSTEAD)
    return {
        **shown,
        "replaced": replaced > json.dumps(content, ensure_ascii=False).count(INSTEAD),
    }


def _displayed(value: Any) -> Any:
    match value:
        case str():
            return displayable(value)
        case Mapping():
            return {key: _displayed(item) for key, item in value.items()}
        case list():
            return [_displayed(item) for item in value]
    return value


def _compile(plan: str) -> bytes:
    try:
        return _compile_once(plan)
    except DocumentFailed as error:
        if (plain := without_marks(plan)) == plan or _NOT_SHOWN not in error.reason:
            raise
        return _compile_once(plain)


def _compile_once(plan: str) -> bytes:
    import typst  # noqa: PLC0415

    try:
        with _compiling:
            made = _compiler().compile(
                format="pdf", sys_inputs={"plan": plan}, pdf_standards=[*STANDARDS], timestamp=0
            )
    except typst.TypstError as error:
        raise DocumentFailed(error.message) from error
    assert isinstance(made, bytes)
    return made


_compiled = lru_cache(_CACHED)(_compile)


@cache
def _compiler() -> "typst.Compiler":
    import typst  # noqa: PLC0415

    # One that is made of bytes compiles once only; of a file, as often as one likes.
    return typst.Compiler(
        _FOLDER / "strategy.typ",
        root=_FOLDER,
        font_paths=typst.Fonts(include_system_fonts=False),
        ignore_system_fonts=True,
        package_path=_FOLDER,
        package_cache_path=_FOLDER,
    )
