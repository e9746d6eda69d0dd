"""The benchmarks find the faults that are planted in texts of agencies, and none in clean ones."""

from collections import Counter
from functools import cache
from typing import Final

import pytest

from orchestration.producers.qc.registry import BY_ID
from tests.producers.corpus_files import Accuracy, Specimen, accuracies, findings, specimens
from tests.producers.table import PAGE, table_in, tabulated

LEAST: Final = 0.95


@cache
def clean() -> tuple[Specimen, ...]:
    return tuple(specimens("clean"))


@cache
def faulty() -> tuple[Specimen, ...]:
    return tuple(specimens("faulty"))


def test_the_corpus_has_texts_of_five_content_types_and_faults_of_every_benchmark() -> None:
    assert len(clean()) >= 60
    assert len(faulty()) >= 120
    for corpus in (clean(), faulty()):
        counts = Counter(specimen.subject.content_type for specimen in corpus)
        assert len(counts) == 5
        assert min(counts.values()) >= 12
    planted = Counter(name for specimen in faulty() for name, _ in specimen.faults)
    assert set(planted) == set(BY_ID)
    assert min(planted.values()) >= 3


def test_clean_texts_have_no_issue() -> None:
    assert {specimen.name: findings(specimen) for specimen in clean()} == {
        specimen.name: () for specimen in clean()
    }


@pytest.mark.parametrize("benchmark_id", BY_ID)
def test_a_benchmark_is_right_about_the_corpus(benchmark_id: str) -> None:
    accuracy = _accuracies()[benchmark_id]

    assert accuracy.precision >= LEAST
    assert accuracy.recall >= LEAST


@cache
def _accuracies() -> dict[str, Accuracy]:
    return accuracies([*clean(), *faulty()])


def test_the_documented_table_is_what_the_command_writes() -> None:
    assert table_in(PAGE.read_text()) == tabulated()
