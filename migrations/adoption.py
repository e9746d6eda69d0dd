"""Events of the entities that were there before the log: what each was when the log began.

A revision that ran depends on it: never change it.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa

from domain.sources import UlidKeys
from migrations.column_types import PLAIN_TEXT, TIMESTAMP

_ROWS_AT_ONCE: Final = 500

Render = Callable[[Any], str]
Member = tuple[str, str, Render]
"""A member of the state: its name, its column, and what makes JSON of the column's value."""


class _Json(sa.types.UserDefinedType[str]):
    """A document as the text that it is."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "JSON"


_JSON: Final = sa.Text().with_variant(_Json(), "postgresql")


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _document(value: str | None) -> str:
    return "null" if value is None else value


def _moment(value: datetime | None) -> str:
    return _dumps(None if value is None else _rendered(value))


def _rendered(value: datetime) -> str:
    return _in_utc(value).isoformat().replace("+00:00", "Z")


def _in_utc(value: datetime) -> datetime:
    # SQLite keeps times in UTC, without saying so.
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _kpis(value: str) -> str:
    return _dumps(
        [
            {
                "name": kpi["name"],
                "targetValue": kpi["target_value"],
                "unit": kpi["unit"],
                "timeframeDays": kpi["timeframe_days"],
            }
            for kpi in json.loads(value)
        ]
    )


def _timeline(value: str) -> str:
    timeline = json.loads(value)
    return _dumps(
        {"durationWeeks": timeline["duration_weeks"], "milestones": timeline["milestones"]}
    )


@dataclass(frozen=True, slots=True)
class _Adopted:
    """A table of entities, whose key is the first member, and the members of their states."""

    table: str
    entity_type: str
    members: Sequence[Member]
    client: str | None = None
    series: str | None = None
    children_name: str = ""
    children_table: str = ""
    children: Sequence[Member] = ()

    @property
    def key(self) -> str:
        return self.members[0][1]


_ALL: Final = (
    _Adopted(
        "onboarding_forms",
        "brief",
        (
            ("briefId", "brief_id", _dumps),
            ("clientId", "client_id", _dumps),
            ("stage", "stage", _dumps),
            ("responses", "responses", _document),
            ("submittedAt", "submitted_at", _moment),
            ("scope", "", _dumps),
            ("objectives", "objectives", _document),
            ("targetAudience", "target_audience", _dumps),
            ("brandGuidelines", "brand_guidelines", _document),
            ("normalizedAt", "normalized_at", _moment),
        ),
        client="client_id",
    ),
    _Adopted(
        "strategy_plans",
        "strategy_plan",
        (
            ("strategyId", "strategy_id", _dumps),
            ("briefId", "brief_id", _dumps),
            ("version", "version", _dumps),
            ("executiveSummary", "executive_summary", _dumps),
            ("kpis", "kpis", _kpis),
            ("timeline", "timeline", _timeline),
            ("approval", "approval", _dumps),
            ("decidedBy", "decided_by", _dumps),
            ("decidedAt", "decided_at", _moment),
        ),
        children_name="recommendations",
        children_table="strategy_recommendations",
        children=(
            ("channel", "channel", _dumps),
            ("budgetPercent", "budget_percent", _dumps),
            ("rationale", "rationale", _dumps),
            ("tactics", "tactics", _document),
            ("position", "position", _dumps),
        ),
    ),
    _Adopted(
        "production_campaigns",
        "campaign",
        (
            ("campaignId", "campaign_id", _dumps),
            ("strategyId", "strategy_id", _dumps),
            ("name", "name", _dumps),
        ),
        children_name="tactics",
        children_table="production_tactics",
        children=(
            ("channel", "channel", _dumps),
            ("contentType", "content_type", _dumps),
            ("title", "title", _dumps),
            ("position", "position", _dumps),
        ),
    ),
    _Adopted(
        "production_drafts",
        "draft",
        (
            ("draftId", "draft_id", _dumps),
            ("strategyId", "strategy_id", _dumps),
            ("campaignId", "campaign_id", _dumps),
            ("contentType", "content_type", _dumps),
            ("title", "title", _dumps),
            ("body", "body", _dumps),
            ("metadata", "metadata", _document),
        ),
    ),
    _Adopted(
        "qc_results",
        "qc_result",
        (
            ("resultId", "result_id", _dumps),
            ("draftId", "draft_id", _dumps),
            ("passed", "passed", _dumps),
            ("score", "score", _dumps),
            ("evaluatedAt", "evaluated_at", _moment),
        ),
        series="draft_id",
        children_name="issues",
        children_table="qc_issues",
        children=(
            ("severity", "severity", _dumps),
            ("section", "section", _dumps),
            ("reason", "reason", _dumps),
            ("position", "position", _dumps),
        ),
    ),
    _Adopted(
        "delivery_packages",
        "delivery_package",
        (
            ("packageId", "package_id", _dumps),
            ("draftId", "draft_id", _dumps),
        ),
        children_name="artifacts",
        children_table="delivery_artifacts",
        children=(
            ("name", "name", _dumps),
            ("url", "url", _dumps),
            ("format", "format", _dumps),
            ("position", "position", _dumps),
        ),
    ),
)

_SCOPE: Final = ("scope_deliverables", "scope_exclusions", "scope_timeline_weeks")

_EVENTS: Final = sa.table(
    "events",
    sa.column("position", sa.BigInteger()),
    *(
        sa.column(name, PLAIN_TEXT)
        for name in (
            "event_id",
            "type",
            "entity_type",
            "entity_key",
            "series_key",
            "client_id",
            "caller_kind",
            "caller_id",
            "request_id",
        )
    ),
    sa.column("revision", sa.Integer()),
    sa.column("revision_before", sa.Integer()),
    sa.column("is_deletion", sa.Boolean()),
    sa.column("changed_fields", _JSON),
    sa.column("state", _JSON),
    *(
        sa.column(name, TIMESTAMP)
        for name in ("occurred_at", "created_at", "updated_at", "sequenced_at")
    ),
)


def adopt_all(connection: sa.Connection) -> None:
    """Give each entity an event, whose time is that of its last change."""
    if connection.dialect.name == "postgresql":
        tables = ", ".join(adopted.table for adopted in _ALL)
        connection.execute(sa.text(f"LOCK TABLE {tables} IN SHARE MODE"))
    new_key = UlidKeys()
    position = 0
    for adopted in _ALL:
        for rows in _batches(connection, adopted):
            events = [
                _event(adopted, row, children, position + number, new_key("event"))
                for number, (row, children) in enumerate(rows, 1)
            ]
            position += len(events)
            connection.execute(sa.insert(_EVENTS), events)


def _event(
    adopted: _Adopted, row: Mapping[str, Any], children: Sequence[str], position: int, event_id: str
) -> dict[str, Any]:
    updated_at = _in_utc(row["updated_at"])
    members = [
        f"{_dumps(name)}:{render(row[column]) if column else _scope(row)}"
        for name, column, render in adopted.members
    ]
    if adopted.children_name:
        members.append(f"{_dumps(adopted.children_name)}:[{','.join(children)}]")
    return {
        "position": position,
        "event_id": event_id,
        "type": f"{adopted.entity_type}.adopted",
        "entity_type": adopted.entity_type,
        "entity_key": row[adopted.key],
        "series_key": row[adopted.series] if adopted.series else None,
        "client_id": row[adopted.client] if adopted.client else None,
        "caller_kind": "system",
        "caller_id": "migration",
        "request_id": "0009",
        "revision": row["revision"],
        "revision_before": 0,
        "is_deletion": False,
        "changed_fields": "[]",
        "state": f"{{{','.join(members)}}}",
        "occurred_at": updated_at,
        "created_at": _in_utc(row["created_at"]),
        "updated_at": updated_at,
        "sequenced_at": updated_at,
    }


def _scope(row: Mapping[str, Any]) -> str:
    deliverables, exclusions, weeks = (row[name] for name in _SCOPE)
    if deliverables is None:
        return "null"
    return (
        f'{{"deliverables":{deliverables},"exclusions":{exclusions},'
        f'"timelineWeeks":{_dumps(weeks)}}}'
    )


def _batches(
    connection: sa.Connection, adopted: _Adopted
) -> Iterator[list[tuple[Mapping[str, Any], list[str]]]]:
    """Rows with the JSON of their children, some at a time, by their keys."""
    wanted = [*adopted.members, ("", "created_at", _moment), ("", "updated_at", _moment)]
    columns = _columns(wanted)
    columns["revision"] = sa.column("revision", sa.Integer())
    if adopted.table == "onboarding_forms":
        columns |= {name: _text(name) for name in _SCOPE[:2]}
        columns[_SCOPE[2]] = sa.column(_SCOPE[2], sa.Integer())
    key = sa.column(adopted.key, PLAIN_TEXT)
    query = sa.select(*columns.values()).select_from(sa.table(adopted.table)).order_by(key)
    last = ""
    while True:
        found = connection.execute(query.where(key > last).limit(_ROWS_AT_ONCE)).all()
        if not found:
            return
        rows = [dict(zip(columns, row, strict=True)) for row in found]
        last = rows[-1][adopted.key]
        children = _children(connection, adopted, [row[adopted.key] for row in rows])
        yield [(row, children.get(row[adopted.key], [])) for row in rows]


def _children(
    connection: sa.Connection, adopted: _Adopted, keys: list[str]
) -> dict[str, list[str]]:
    if not adopted.children:
        return {}
    columns = _columns(adopted.children)
    key, position = sa.column(adopted.key, PLAIN_TEXT), sa.column("position", sa.Integer())
    query = (
        sa.select(key, *columns.values())
        .select_from(sa.table(adopted.children_table))
        .where(key.in_(keys))
        .order_by(key, position)
    )
    found: dict[str, list[str]] = {}
    for parent, *values in connection.execute(query):
        members = [
            f"{_dumps(name)}:{render(value)}"
            for (name, _, render), value in zip(adopted.children, values, strict=True)
        ]
        found.setdefault(parent, []).append(f"{{{','.join(members)}}}")
    return found


def _columns(members: Sequence[Member]) -> dict[str, Any]:
    return {
        column: sa.column(column, TIMESTAMP)
        if render is _moment
        else _text(column)
        if render in (_document, _kpis, _timeline)
        else sa.column(column, sa.Boolean() if column == "passed" else None)
        for _, column, render in members
        if column
    }


def _text(column: str) -> Any:
    """A document as its text, which no driver has parsed."""
    return sa.cast(sa.column(column), sa.Text()).label(column)
