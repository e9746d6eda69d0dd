"""The rules of every table: no foreign key leaves its module, closed sets are checked text."""

from collections.abc import Iterator, Mapping
from enum import StrEnum

import pytest
from sqlalchemy import CheckConstraint, Column, Enum, ForeignKey, MetaData, Table, Text

from domain.access import TokenKind
from domain.bulk import ErrorPolicy
from domain.onboarding import BriefStage
from domain.qc import QcSeverity
from domain.strategy import ApprovalState
from domain.transfers import TransferEntity, TransferStatus
from domain.webhooks import DeliveryState
from domain.workflow import RunStatus, RunStepStatus
from repositories.registry import ENTITY_TYPES
from repositories.sql.metadata import metadata
from tests.enforcement.ownership import owners


def _keys_that_leave(tables: MetaData, owner_of: Mapping[str, str]) -> Iterator[str]:
    for table in tables.tables.values():
        for key in table.foreign_keys:
            target = key.target_fullname.split(".")[0]
            if owner_of[table.name] != owner_of[target]:
                yield f"{table.name}.{key.parent.name} -> {key.target_fullname}"


def test_every_table_has_an_owner_whose_name_it_begins_with() -> None:
    owner_of = dict(owners())

    assert owner_of.keys() == metadata.tables.keys()
    owners_of_entities = {type_.module for type_ in ENTITY_TYPES.values()}
    assert set(owner_of.values()) == {
        *owners_of_entities,
        "history",
        "webhooks",
        "documents",
        "access",
    }
    assert owner_of.pop("events") == "history"
    assert owner_of.pop("uploads") == "files"
    assert owner_of.pop("imports") == owner_of.pop("exports") == "transfers"
    begins = {table: owner.removesuffix("s") for table, owner in owner_of.items()}
    assert [table for table, begin in begins.items() if not table.startswith(begin)] == []


def test_no_foreign_key_leaves_its_module() -> None:
    assert list(_keys_that_leave(metadata, owners())) == []


def test_a_foreign_key_that_leaves_its_module_is_found() -> None:
    planted = MetaData()
    Table("production_drafts", planted, Column("draft_id", Text, primary_key=True))
    Table(
        "qc_results",
        planted,
        Column("result_id", Text, primary_key=True),
        Column("draft_id", Text, ForeignKey("production_drafts.draft_id")),
    )

    assert list(_keys_that_leave(planted, owners())) == [
        "qc_results.draft_id -> production_drafts.draft_id"
    ]


def test_every_child_goes_with_its_parent() -> None:
    rules = {
        str(key.parent): (key.target_fullname, key.ondelete)
        for table in metadata.tables.values()
        for key in table.foreign_keys
    }

    assert rules == {
        "strategy_recommendations.strategy_id": ("strategy_plans.strategy_id", "CASCADE"),
        "production_tactics.campaign_id": ("production_campaigns.campaign_id", "CASCADE"),
        "qc_issues.result_id": ("qc_results.result_id", "CASCADE"),
        "delivery_artifacts.package_id": ("delivery_packages.package_id", "CASCADE"),
        "webhook_deliveries.endpoint_id": ("webhook_endpoints.endpoint_id", "CASCADE"),
        "webhook_attempts.delivery_id": ("webhook_deliveries.delivery_id", "CASCADE"),
        "transfer_lines.transfer_id": ("transfer_jobs.transfer_id", "CASCADE"),
        "workflow_steps.run_id": ("workflow_runs.run_id", "CASCADE"),
        "workflow_exchanges.run_id": ("workflow_runs.run_id", "CASCADE"),
    }


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("onboarding_forms.stage", BriefStage),
        ("strategy_plans.approval", ApprovalState),
        ("qc_issues.severity", QcSeverity),
        ("webhook_deliveries.state", DeliveryState),
        ("access_tokens.kind", TokenKind),
        ("imports.status", TransferStatus),
        ("imports.entity", TransferEntity),
        ("imports.error_policy", ErrorPolicy),
        ("exports.status", TransferStatus),
        ("workflow_runs.status", RunStatus),
        ("workflow_steps.status", RunStepStatus),
    ],
)
def test_a_closed_set_is_text_with_a_named_check(column: str, values: type[StrEnum]) -> None:
    table, name = column.split(".")
    checks = {
        constraint.name: str(constraint.sqltext)
        for constraint in metadata.tables[table].constraints
        if isinstance(constraint, CheckConstraint)
    }

    assert isinstance(metadata.tables[table].c[name].type, Text)
    allowed = ", ".join(f"'{value}'" for value in values)
    assert checks[f"ck_{table}_{name}"] == f"{name} IN ({allowed})"


def test_no_column_is_of_an_enumerated_type() -> None:
    enumerated = [
        str(column)
        for table in metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, Enum)
    ]

    assert enumerated == []
