"""The benchmarks find the faults that are planted in texts of agencies, and none in clean ones."""

from collections import Counter
from typing import Final

import pytest

from orchestration.producers.qc.registry import BY_ID
from tests.producers.corpus_files import (
    HELD_OUT,
    OWN,
    accuracies,
    at_first_run,
    specimens,
    total,
)
from tests.producers.table import PAGE, tables, tables_in

MIN_ACCURACY: Final = 0.95


def test_the_corpus_has_texts_of_five_content_types_and_faults_of_every_benchmark() -> None:
    clean, faulty = specimens("clean"), specimens("faulty")
    assert len(clean) >= 60
    assert len(faulty) >= 120
    for corpus in (clean, faulty):
        counts = Counter(specimen.subject.content_type for specimen in corpus)
        assert len(counts) == 5
        assert min(counts.values()) >= 12
    planted = Counter(name for specimen in faulty for name, _ in specimen.faults)
    assert set(planted) == set(BY_ID)
    assert min(planted.values()) >= 3


@pytest.mark.parametrize("folder", ["clean", "held-out/clean"])
def test_clean_texts_have_no_issue(folder: str) -> None:
    assert {each.name: each.findings for each in specimens(folder) if each.findings} == {}


@pytest.mark.parametrize("benchmark_id", BY_ID)
def test_a_benchmark_is_right_about_the_corpus(benchmark_id: str) -> None:
    accuracy = accuracies(specimens(*OWN))[benchmark_id]

    assert accuracy.precision >= MIN_ACCURACY
    assert accuracy.recall >= MIN_ACCURACY


def test_the_benchmarks_are_right_about_the_texts_held_out() -> None:
    """Of most benchmarks these have two or three faults, so only all together are counted."""
    first, now = total(at_first_run().values()), total(accuracies(specimens(*HELD_OUT)).values())

    assert now.planted >= first.planted
    assert now.precision >= MIN_ACCURACY
    assert now.recall >= MIN_ACCURACY


def test_the_documented_tables_are_what_the_command_writes() -> None:
    assert tables_in(PAGE.read_text()) == tables()
