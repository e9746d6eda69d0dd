"""The corpus of agency texts, and how well the benchmarks find the faults that are planted in it.

Each file has a header of lines `key: value`, a line of `=`, and the draft. `fault: ID @ SECTION`
names a planted fault; a text of `clean/` has none. `other` and `sibling` name a text of `clean/`
that is another draft of the client, of another campaign or of the same.

`held-out` has texts that were stored before the benchmarks were run over them for the first time,
and `first-run.json` what came of it: how many faults were planted, found and reported wrongly.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from orchestration.producers.ports import OtherDraft, QcFinding, QcSubject
from orchestration.producers.qc.evaluating import evaluated
from orchestration.producers.qc.registry import BY_ID
from tests.producers.checking import TODAY

FOLDER: Final = Path(__file__).parent / "corpus"
OWN: Final = ("clean", "faulty")
HELD_OUT: Final = ("held-out/clean", "held-out/faulty")
_LINE: Final = "\n==========\n"


@dataclass(frozen=True, slots=True)
class Specimen:
    """A text of the corpus: the (benchmark, section) of each of its faults, and what is found."""

    name: str
    subject: QcSubject
    faults: frozenset[tuple[str, str]]
    findings: tuple[QcFinding, ...]


@cache
def brand(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / "brands" / f"{name}.json").read_text())
    return found


def specimens(*folders: str) -> tuple[Specimen, ...]:
    """All texts of these folders of the corpus, by name in each."""
    return tuple(specimen for folder in folders for specimen in _specimens(folder))


@cache
def _specimens(folder: str) -> tuple[Specimen, ...]:
    return tuple(map(_specimen, sorted((FOLDER / folder).glob("*.md"))))


def _specimen(path: Path) -> Specimen:
    head, body = path.read_text().split(_LINE, 1)
    header = [line.split(": ", 1) for line in head.splitlines()]
    first = dict(reversed(header))
    of_brand = brand(first["brand"])
    subject = QcSubject(
        content_type=first["type"],
        title=first["title"],
        body=body,
        metadata={"channel": first["channel"]} if "channel" in first else {},
        guidelines=of_brand["guidelines"] | json.loads(first.get("guidelines", "{}")),
        brief=of_brand["brief"],
        others=tuple(_others(header, path.parents[1] / "clean")),
        today=TODAY,
    )
    faults = frozenset(_fault(value) for key, value in header if key == "fault")
    return Specimen(path.stem, subject, faults, evaluated(subject, list(BY_ID), 0.8).findings)


def _fault(text: str) -> tuple[str, str]:
    benchmark_id, section = text.split(" @ ", 1)
    return benchmark_id, section


def _others(header: Sequence[list[str]], clean: Path) -> Iterator[OtherDraft]:
    for key, value in header:
        if key in {"other", "sibling"}:
            body = (clean / f"{value}.md").read_text().split(_LINE, 1)[1]
            yield OtherDraft(value, value, body, same_campaign=key == "sibling")


class Accuracy(NamedTuple):
    """How often a benchmark was right: of the faults planted, and of its own findings."""

    planted: int
    found: int
    wrong: int

    @property
    def precision(self) -> float:
        return self.found / (self.found + self.wrong) if self.found + self.wrong else 1.0

    @property
    def recall(self) -> float:
        return self.found / self.planted if self.planted else 1.0


def total(of: Iterable[Accuracy]) -> Accuracy:
    """The accuracy of all benchmarks together."""
    return Accuracy(*map(sum, zip(*of, strict=True)))


def at_first_run() -> dict[str, Accuracy]:
    """The accuracy of each benchmark at the first run over the texts held out."""
    numbers = json.loads((FOLDER / "held-out" / "first-run.json").read_text())
    return {name: Accuracy(*numbers[name]) for name in BY_ID}


def accuracies(corpus: Iterable[Specimen]) -> dict[str, Accuracy]:
    """The accuracy of each benchmark: a fault is a benchmark and a section of a text."""
    planted, found, wrong = Counter[str](), Counter[str](), Counter[str]()
    for specimen in corpus:
        reported = {(each.benchmark_id, each.section) for each in specimen.findings}
        planted.update(name for name, _ in specimen.faults)
        found.update(name for name, _ in specimen.faults & reported)
        wrong.update(name for name, _ in reported - specimen.faults)
    return {name: Accuracy(planted[name], found[name], wrong[name]) for name in BY_ID}
