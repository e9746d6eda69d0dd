"""All commands, complete ones, and where they break rules."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from domain.strategy import Kpi, Milestone, StrategyTimeline
from domain.validation import Checked
from tests import builders as build

Path = tuple[str | int, ...]
NAN, INFINITE = float("nan"), float("inf")


def violations(command: Checked) -> list[Path]:
    """Where the command breaks a rule."""
    return [violation.path for violation in command.violations()]


COMMANDS: dict[str, Callable[..., Any]] = {
    "SubmitIntake": build.submit_intake,
    "NormalizeBrief": build.normalize_brief,
    "SaveStrategyPlan": build.save_plan,
    "DecideStrategyPlan": build.decide_plan,
    "SaveCampaign": build.save_campaign,
    "SaveDraft": build.save_draft,
    "RecordQcResult": build.record_result,
    "SaveDeliveryPackage": build.save_package,
    "Delete": lambda **changes: build.delete("brief_id", "brief-1", **changes),
}

every_command = pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)


def within(name: str, items: Callable[..., Any], field: str) -> Callable[[Any], dict[str, Any]]:
    """The changes that give an item's field a value, the item being the second."""
    return lambda value: {name: (items(), items(**{field: value}))}


def timeline(**changes: Any) -> dict[str, Any]:
    return {"timeline": replace(StrategyTimeline(duration_weeks=4), **changes)}


def kpi(**changes: Any) -> Kpi:
    return replace(Kpi(name="n", target_value=1.0, unit="u", timeframe_days=1), **changes)


def milestone(**changes: Any) -> Milestone:
    return replace(Milestone(name="n", week="w"), **changes)
