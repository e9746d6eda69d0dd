"""How many events reach a webhook, and what saves lose by it: `python -m benchmarks.webhooks`.

Every save is an event, and every event is sent to one receiver on this machine. Saves are measured
without a webhook, then while events are sent, and then what waits is sent alone.
"""

import argparse
import asyncio
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any, Final

import httpx

from benchmarks.contenders import Running, aicmo
from benchmarks.databases import Database, Kind, filled
from benchmarks.load import Requests, load
from benchmarks.measuring import CpuTime
from benchmarks.receiver import Receiver, receiver
from benchmarks.scenarios import Scenario, scenarios
from benchmarks.tables import table
from tests.support.patience import SECONDS

SIZE: Final = 2_000
"""How many packages are saved, one after another."""
CONCURRENCY: Final = 16
_SETTINGS: Final = {"AICMO_WEBHOOK_NETWORKS": "127.0.0.0/8"}
_SAVE_ENDPOINT: Final = """mutation Save($input: SaveWebhookEndpointInput!) {
  saveWebhookEndpoint(input: $input) { webhookEndpoint { endpointId } errors { message } }
}"""
_DELETE_ENDPOINT: Final = """mutation Delete($input: DeleteWebhookEndpointInput!) {
  deleteWebhookEndpoint(input: $input) { errors { message } }
}"""
_ENDPOINT: Final = "benchmark"
_WARM_UP_SECONDS: Final = 2.0
"""Before it's measured what is sent while packages are saved."""

Counts = dict[str, int]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one database; rates are for each second, CPU times for each delivery, in seconds."""

    database: Kind
    saves_alone: float
    saves: float
    deliveries: float
    drained: float
    """Deliveries while nothing was saved."""
    server_cpu: float
    """Of the server, for each delivery while nothing was saved."""
    database_cpu: float

    @property
    def row(self) -> tuple[str, ...]:
        return (
            self.database.value,
            f"{self.saves_alone:,.0f}",
            f"{self.saves:,.0f}",
            f"{self.saves / self.saves_alone:.2f}",
            f"{self.deliveries:,.0f}",
            f"{self.drained:,.0f}",
            f"{self.server_cpu * 1e3:.2f}",
            f"{self.database_cpu * 1e3:.2f}",
        )


async def measured(
    database: Database, ours: Running, receiver: Receiver, seconds: float, at_once: int
) -> Outcome:
    """Raises RuntimeError unless every event arrives, in the order of each entity."""
    save = _save()
    requests = Requests(ours.address, save)
    async with httpx.AsyncClient(timeout=SECONDS, trust_env=False) as http:

        async def ask(query: str, input: dict[str, Any]) -> None:
            response = await http.post(
                ours.address, json={"query": query, "variables": {"input": input}}
            )
            if "message" in response.text:
                raise RuntimeError(response.text)

        async def counts() -> Counts:
            found: Counts = (await http.get(receiver.url)).json()
            return found

        async def saved() -> tuple[int, float]:
            done = await load(requests, concurrency=at_once, seconds=seconds)
            return len(done.latencies), done.seconds

        await load(requests, concurrency=at_once, seconds=1)
        saves_alone, seconds_alone = await saved()
        await ask(_SAVE_ENDPOINT, {"endpointId": _ENDPOINT, "url": receiver.url})
        first = (await counts())["events"]
        warm_up = await load(requests, concurrency=at_once, seconds=_WARM_UP_SECONDS)
        before = (await counts())["events"]
        saves, seconds_together = await saved()
        together = (await counts())["events"]
        all_saves = len(warm_up.latencies) + saves

        server, its_database = CpuTime(ours.process), CpuTime(database.process)
        loop = asyncio.get_running_loop()
        began = ended = loop.time()
        end = last = await counts()
        async with asyncio.timeout(SECONDS):
            while end["events"] < first + all_saves:
                await asyncio.sleep(0.05)
                end = await counts()
                if end["events"] > last["events"]:
                    last, ended = end, loop.time()
        if end["late"]:
            raise RuntimeError(f"{end['late']} events came before an earlier one of their entity")
        drained = max(end["events"] - together, 1)
        server_cpu, database_cpu = server.taken() / drained, its_database.taken() / drained
        await ask(_DELETE_ENDPOINT, {"endpointId": _ENDPOINT})
    return Outcome(
        database.kind,
        saves_alone / seconds_alone,
        saves / seconds_together,
        (together - before) / seconds_together,
        drained / (ended - began),
        server_cpu,
        database_cpu,
    )


def _save() -> Scenario:
    return next(scenario for scenario in scenarios(SIZE) if scenario.name == "save")


def _lines(outcomes: Sequence[Outcome]) -> Iterator[str]:
    headings = (
        "database",
        "saves/s alone",
        "saves/s meanwhile",
        "x alone",
        "deliveries/s meanwhile",
        "deliveries/s alone",
        "CPU ms",
        "DB ms",
    )
    yield from table(headings, [outcome.row for outcome in outcomes], texts=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=[*Kind], type=Kind, help="only this one")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--concurrency", type=int, default=CONCURRENCY)
    asked = parser.parse_args()
    outcomes = []
    for kind in Kind:
        if asked.database not in (None, kind):
            continue
        with ExitStack() as stack:
            database = stack.enter_context(filled(kind, SIZE))
            its = stack.enter_context(receiver())
            ours = stack.enter_context(aicmo(database, settings=_SETTINGS))
            outcomes.append(
                asyncio.run(measured(database, ours, its, asked.seconds, asked.concurrency))
            )
    print("\n".join(_lines(outcomes)))


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
