"""What a small frontend does with the pipeline."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol, runtime_checkable

from .generated import (
    ApprovePlanApproveStrategyPlanStrategyPlan,
    ApproveStrategyPlanInput,
    Client,
    DeliveryPackageFilter,
    ErrorCode,
    PackageRow,
    SaveDraftInput,
    SaveDraftSaveDraftDraft,
)

Draft = SaveDraftSaveDraftDraft
Plan = ApprovePlanApproveStrategyPlanStrategyPlan


class Failure(Protocol):
    """Why a mutation was refused, whichever mutation it was."""

    @property
    def code(self) -> ErrorCode: ...
    @property
    def message(self) -> str: ...
    @property
    def path(self) -> list[str]: ...


@runtime_checkable
class RevisionConflict(Failure, Protocol):
    @property
    def expected_revision(self) -> int: ...
    @property
    def actual_revision(self) -> int: ...


@runtime_checkable
class InvalidTransition(Failure, Protocol):
    @property
    def from_(self) -> str: ...
    @property
    def to(self) -> str: ...


class Refused(Exception):
    """A mutation was refused; nothing was stored."""

    def __init__(self, failures: Sequence[Failure]) -> None:
        self.failures = failures
        super().__init__("\n".join(map(explain, failures)))


def connect(url: str) -> Client:
    """A client of the server at `url`, such as `http://localhost:8000/graphql`."""
    return Client(url=url, ws_url=url.replace("http", "ws", 1))


async def package_pages(
    client: Client, page_size: int = 20, filter_: DeliveryPackageFilter | None = None
) -> AsyncIterator[list[PackageRow]]:
    """All packages with what QC says of them, newest first, a page at a time."""
    after = None
    more = True
    while more:
        page = await client.list_packages(first=page_size, after=after, filter_=filter_)
        yield page.nodes
        after, more = page.page_info.end_cursor, page.page_info.has_next_page


async def save_draft(client: Client, input_: SaveDraftInput) -> Draft:
    """Raises Refused."""
    payload = await client.save_draft(input_)
    if payload is None or payload.draft is None:
        raise Refused(payload.errors if payload else [])
    return payload.draft


async def approve_plan(client: Client, input_: ApproveStrategyPlanInput) -> Plan:
    """Raises Refused."""
    payload = await client.approve_plan(input_)
    if payload is None or payload.strategy_plan is None:
        raise Refused(payload.errors if payload else [])
    return payload.strategy_plan


def explain(failure: Failure) -> str:
    """What to tell the user."""
    match failure:
        case RevisionConflict():
            return (
                f"Somebody changed it meanwhile: you saw revision {failure.expected_revision}, "
                f"now it is at {failure.actual_revision}."
            )
        case InvalidTransition():
            return f"It is {failure.from_} already, so it can't become {failure.to}."
    match failure.code:
        case ErrorCode.NOT_FOUND:
            return "Somebody deleted it meanwhile."
        case ErrorCode.VALIDATION:
            return f"{failure.message} ({'.'.join(failure.path)})"
    return failure.message
