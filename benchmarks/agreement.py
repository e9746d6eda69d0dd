"""Whether servers give the same answers. They may write times and cursors as they like."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from benchmarks.load import Requests, check
from benchmarks.scenarios import Json, Scenario, WrongAnswer, package_input

_CURSORS = frozenset({"startCursor", "endCursor"})
_OF_THE_MOMENT = frozenset({"updatedAt", "revision"})


def require_agreement(answers: Mapping[str, Json]) -> None:
    """Raise WrongAnswer unless the answers, by the servers' names, say the same."""
    first, *others = ((name, comparable(answer)) for name, answer in answers.items())
    for name, answer in others:
        if answer != first[1]:
            raise WrongAnswer(f"{name} and {first[0]} differ: {_difference(answer, first[1])}")


def comparable(value: Any, name: str = "") -> Any:
    """A part of an answer without what may differ between servers, or changes with each save.

    What is empty may as well be missing: not every server has a place for errors.
    """
    if isinstance(value, dict):
        return {
            key: comparable(item, key)
            for key, item in value.items()
            if key not in _OF_THE_MOMENT and item != []
        }
    if isinstance(value, list):
        return [comparable(item) for item in value]
    if name in _CURSORS:
        return value is not None
    if name.endswith("At"):
        time = datetime.fromisoformat(value)
        # Without an offset it's UTC. JavaScript's times have milliseconds.
        aware = time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
        return aware.isoformat(timespec="milliseconds")
    return value


async def require_stored(address: str, save: Scenario, small: Scenario) -> None:
    """Raise WrongAnswer unless what the server saves is what it reads then."""
    number = 0
    for name in ("Renamed artifact", "Artifact"):
        input = package_input(number, name)
        payload = await _ask(address, save, {"input": input})
        saved = payload["saveDeliveryPackage"]["deliveryPackage"]
        answer = await _ask(address, small, {"packageId": input["packageId"]})
        read = answer["deliveryPackage"]
        wanted = [{"position": index} | item for index, item in enumerate(input["artifacts"])]
        if not saved["artifacts"] == read["artifacts"] == wanted:
            raise WrongAnswer(f"what was saved isn't read: {saved}, {read}")
        if saved["revision"] != read["revision"]:
            raise WrongAnswer(f"revision {saved['revision']} is read as {read['revision']}")


async def _ask(address: str, scenario: Scenario, variables: Json) -> Json:
    return await check(Requests(address, replace(scenario, variables=(variables,))))


def _difference(one: Any, other: Any, path: str = "") -> str:
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return next(
            _difference(one[key], other[key], f"{path}.{key}")
            for key in one
            if one[key] != other[key]
        )
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return next(
            _difference(mine, theirs, f"{path}[{index}]")
            for index, (mine, theirs) in enumerate(zip(one, other, strict=True))
            if mine != theirs
        )
    return f"{path}: {one!r:.200} and {other!r:.200}"
