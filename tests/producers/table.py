"""`python -m tests.producers.table`: write how right the benchmarks are into docs/qc.md."""

from pathlib import Path
from typing import Final

from orchestration.producers.qc.registry import BY_ID
from tests.producers.corpus_files import accuracies, specimens

PAGE: Final = Path(__file__).parents[2] / "docs" / "qc.md"
_BEGIN: Final = "<!-- The table is written by `python -m tests.producers.table`. -->\n"
_END: Final = "<!-- The table ends here. -->\n"


def tabulated() -> str:
    """The benchmarks with their severities, sources and accuracies, as a table in Markdown."""
    found = accuracies([*specimens("clean"), *specimens("faulty")])
    lines = [
        "| benchmark | for | severity | source | planted | found | wrong | precision | recall |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, registered in BY_ID.items():
        described, accuracy = registered.benchmark, found[name]
        kinds = ", ".join(described.content_types).replace("_", " ") or "all"
        lines.append(
            f"| `{name}` | {kinds} | {described.severity} | {described.source} "
            f"| {accuracy.planted} | {accuracy.found} | {accuracy.wrong} "
            f"| {accuracy.precision:.2f} | {accuracy.recall:.2f} |"
        )
    return "\n".join(lines) + "\n"


def table_in(page: str) -> str:
    return page.partition(_BEGIN)[2].partition(_END)[0]


def main() -> None:
    page = PAGE.read_text()
    before, after = page.partition(_BEGIN)[0], page.partition(_END)[2]
    PAGE.write_text(f"{before}{_BEGIN}{tabulated()}{_END}{after}")


if __name__ == "__main__":
    main()
