"""Scopes: what a caller may do, by module and verb."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final


class Scope(StrEnum):
    ONBOARDING_READ = "onboarding:read"
    ONBOARDING_WRITE = "onboarding:write"
    STRATEGY_READ = "strategy:read"
    STRATEGY_WRITE = "strategy:write"
    STRATEGY_APPROVE = "strategy:approve"
    """Approve and reject plans."""
    STRATEGY_APPROVE_FOR_OTHERS = "strategy:approve-for-others"
    """Name somebody else as who decided on a plan."""
    PRODUCTION_READ = "production:read"
    PRODUCTION_WRITE = "production:write"
    QC_READ = "qc:read"
    QC_WRITE = "qc:write"
    DELIVERY_READ = "delivery:read"
    DELIVERY_WRITE = "delivery:write"
    FILES_READ = "files:read"
    """Read files and uploads, and get addresses by which the bytes are downloaded."""
    FILES_WRITE = "files:write"
    """Upload files, and start and cancel imports and exports."""
    WORKFLOW_READ = "workflow:read"
    WORKFLOW_WRITE = "workflow:write"
    """Start, cancel and retry runs."""
    HISTORY_READ = "history:read"
    """Read the log, which has the changes of all modules."""
    WEBHOOKS_ADMIN = "webhooks:admin"
    """Read and change endpoints of webhooks, which get events of the log."""
    ADMIN = "admin"
    """All of the above, and the management of access tokens."""


Scopes = frozenset[Scope]

NO_SCOPES: Final[Scopes] = frozenset()
ALL_SCOPES: Final[Scopes] = frozenset(Scope)


def scopes_granted(scopes: Iterable[Scope]) -> Scopes:
    """All scopes that these grant: `admin` grants every one."""
    granted = frozenset(scopes)
    return ALL_SCOPES if Scope.ADMIN in granted else granted


def read_scope(module: str) -> Scope:
    """The scope to read the entities of a module. Transfers are read by who may read files."""
    return Scope.FILES_READ if module == "transfers" else Scope(f"{module}:read")


def write_scope(module: str) -> Scope:
    """The scope to save the entities of a module of the pipeline."""
    return Scope(f"{module}:write")
