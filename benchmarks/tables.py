"""Markdown that can also be read as it is."""

import textwrap
from collections.abc import Iterator, Sequence

_WIDTH = 100


def paragraph(text: str, indent: str = "") -> list[str]:
    """The lines of a text; those after the first are indented."""
    return textwrap.wrap(text, _WIDTH, subsequent_indent=indent, break_long_words=False)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, texts: int) -> Iterator[str]:
    """The lines of a table. Its first columns, so many, are `texts`; the others numbers."""
    lines = [headings, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for number, line in enumerate(lines):
        cells = [
            cell.ljust(width) if column < texts else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        yield f"| {' | '.join(cells)} |"
        if number == 0:
            rules = [
                "-" * width if column < texts else "-" * (width - 1) + ":"
                for column, width in enumerate(widths)
            ]
            yield f"| {' | '.join(rules)} |"


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:,.1f}" if seconds >= 0.001 else f"{seconds * 1000:,.2f}"


def megabytes(size: float) -> str:
    return f"{size / 1e6:,.0f}"
