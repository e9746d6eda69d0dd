"""The built-in evaluator: checks that need nothing but the draft and the brief's own words."""

from collections.abc import Sequence
from functools import partial

from orchestration.producers.ports import QcBenchmark, QcEvaluation, QcSubject
from orchestration.producers.qc.evaluating import evaluated
from orchestration.producers.qc.registry import REGISTERED
from orchestration.producers.worker import Worker


class BuiltInQc:
    """A `QcEvaluator`. A draft passes with a score of `pass_score` or more and nothing critical."""

    def __init__(self, pass_score: float, worker: Worker) -> None:
        self._pass_score = pass_score
        self._worker = worker

    @property
    def benchmarks(self) -> Sequence[QcBenchmark]:
        return [registered.benchmark for registered in REGISTERED]

    async def evaluate(self, subject: QcSubject, benchmark_ids: Sequence[str]) -> QcEvaluation:
        work = partial(evaluated, subject, tuple(benchmark_ids), self._pass_score)
        return await self._worker.call(work)
