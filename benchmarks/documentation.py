"""Puts reports into the documentation, where markers keep room for them."""

import re
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).parents[1] / "docs" / "performance.md"


def written(page: str, section: str, report: str) -> str:
    """The page with the report between `<!-- section -->` and `<!-- end of section -->`."""
    begin, end = f"<!-- {section} -->", f"<!-- end of {section} -->"
    room = re.compile(f"{re.escape(begin)}.*{re.escape(end)}", re.DOTALL)
    replaced, times = room.subn(lambda _: f"{begin}\n\n{report}\n\n{end}", page)
    if times != 1:
        raise ValueError(f"the page has {times} places for {section!r}")
    return replaced


def write(section: str, report: str) -> None:
    PAGE.write_text(written(PAGE.read_text("utf-8"), section, report), "utf-8")
