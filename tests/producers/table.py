"""`python -m tests.producers.table`: write how right the benchmarks are into docs/qc.md.

One table is of the corpus that they were made right on, the other of the texts held out.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from orchestration.producers.qc.registry import BY_ID
from tests.producers.corpus_files import (
    HELD_OUT,
    OWN,
    Accuracy,
    accuracies,
    at_first_run,
    specimens,
    total,
)

PAGE: Final = Path(__file__).parents[2] / "docs" / "qc.md"
_HEADS: Final = ("planted", "found", "wrong", "precision", "recall")
_BEGIN: Final = "<!-- This table is written by `python -m tests.producers.table`. -->\n"
_END: Final = "<!-- The table ends here. -->\n"


def tables() -> tuple[str, str]:
    """The tables in Markdown, in the order in which the page has them."""
    return _of_benchmarks(accuracies(specimens(*OWN))), _of_held_out(
        at_first_run(), accuracies(specimens(*HELD_OUT))
    )


def _of_benchmarks(found: Mapping[str, Accuracy]) -> str:
    """The benchmarks with their severities, sources and accuracies."""
    lines = [
        f"| benchmark | for | severity | source | {' | '.join(_HEADS)} |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, registered in BY_ID.items():
        described = registered.benchmark
        kinds = ", ".join(described.content_types).replace("_", " ") or "all"
        lines.append(
            f"| `{name}` | {kinds} | {described.severity} | {described.source} "
            f"| {_cells(found[name])} |"
        )
    return _joined(lines)


def _of_held_out(first: Mapping[str, Accuracy], now: Mapping[str, Accuracy]) -> str:
    """The benchmarks with what came of the first run over the texts held out, and of the last."""
    lines = [
        f"| benchmark | {' | '.join(_HEADS)} | {' now | '.join(_HEADS)} now |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    rows = [*((f"`{name}`", first[name], now[name]) for name in BY_ID)]
    rows.append(("all", total(first.values()), total(now.values())))
    lines += [f"| {name} | {_cells(one)} | {_cells(other)} |" for name, one, other in rows]
    return _joined(lines)


def _cells(of: Accuracy) -> str:
    return f"{of.planted} | {of.found} | {of.wrong} | {of.precision:.2f} | {of.recall:.2f}"


def _joined(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


def tables_in(page: str) -> tuple[str, ...]:
    return tuple(part.partition(_END)[0] for part in page.split(_BEGIN)[1:])


def main() -> None:
    before, *parts = PAGE.read_text().split(_BEGIN)
    after = (part.partition(_END)[2] for part in parts)
    written = (f"{_BEGIN}{table}{_END}{rest}" for table, rest in zip(tables(), after, strict=True))
    PAGE.write_text(before + "".join(written))


if __name__ == "__main__":
    main()
