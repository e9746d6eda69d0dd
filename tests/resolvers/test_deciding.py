"""Who may approve and pass: an agent not its own work, nor that of the person whom it acts for."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from domain.callers import Caller, CallerKind, local_operator
from domain.errors import NotAllowed, ValidationFailed
from domain.scopes import ALL_SCOPES, Scope, Scopes
from domain.strategy import ApprovalState
from repositories.unit_of_work import Storage
from schema.root import create_schema
from tests import builders as build
from tests import inputs
from tests.support.commands import Commands
from tests.support.graphql import InProcess

OWN_NAME: Scopes = ALL_SCOPES - {Scope.STRATEGY_APPROVE_FOR_OTHERS, Scope.ADMIN}


def who(
    kind: CallerKind, id: str, on_behalf_of: str | None = None, scopes: Scopes = OWN_NAME
) -> Caller:
    return Caller(kind, id, on_behalf_of, "request-1", None, scopes)


ADA = who(CallerKind.USER, "ada")
BOB = who(CallerKind.USER, "bob")
WRITER = who(CallerKind.AGENT, "writer", "ada")
"""Acts for Ada, as her editor does."""
EDITOR = who(CallerKind.AGENT, "editor", "ada")
OTHER = who(CallerKind.AGENT, "reviewer", "bob")
IMPORTER = who(CallerKind.SERVICE, "importer")
OPERATOR = local_operator("request-1")

ALLOWED = [
    (ADA, ADA),
    (ADA, BOB),
    (WRITER, ADA),
    (WRITER, BOB),
    (WRITER, IMPORTER),
    (IMPORTER, IMPORTER),
    (WRITER, OTHER),
    (ADA, OTHER),
    (IMPORTER, OTHER),
    (OPERATOR, WRITER),
]
REFUSED = [(WRITER, WRITER), (WRITER, EDITOR), (ADA, WRITER)]
"""Who made it, and who may not approve it."""


@pytest.fixture
def as_(storage: Storage) -> Callable[[Caller], Commands]:
    return lambda caller: Commands(storage.as_(caller))


As = Callable[[Caller], Commands]


async def approve(as_: As, maker: Caller, decider: Caller) -> None:
    await as_(maker).save_strategy_plan(build.save_plan())
    name = "Ada" if decider is OPERATOR else None
    await as_(decider).approve_strategy_plan(build.decide_plan(decided_by=name))


async def reject(as_: As, maker: Caller, decider: Caller) -> None:
    await as_(maker).save_strategy_plan(build.save_plan())
    name = "Ada" if decider is OPERATOR else None
    await as_(decider).reject_strategy_plan(build.decide_plan(decided_by=name))


async def let_pass(as_: As, maker: Caller, decider: Caller) -> None:
    await as_(maker).save_draft(build.save_draft())
    await as_(decider).record_qc_result(build.record_result(passed=True))


async def let_fail(as_: As, maker: Caller, decider: Caller) -> None:
    await as_(maker).save_draft(build.save_draft())
    await as_(decider).record_qc_result(build.record_result(passed=False))


Decide = Callable[[As, Caller, Caller], Awaitable[None]]


@pytest.mark.parametrize("decide", [approve, let_pass])
@pytest.mark.parametrize(("maker", "decider"), ALLOWED)
async def test_people_programs_and_agents_of_others_decide(
    as_: As, decide: Decide, maker: Caller, decider: Caller
) -> None:
    await decide(as_, maker, decider)


@pytest.mark.parametrize("decide", [approve, let_pass])
@pytest.mark.parametrize(("maker", "decider"), REFUSED)
async def test_an_agent_approves_neither_its_own_work_nor_that_of_its_person(
    as_: As, storage: Storage, decide: Decide, maker: Caller, decider: Caller
) -> None:
    with pytest.raises(NotAllowed) as refusal:
        await decide(as_, maker, decider)

    assert refusal.value.field in ("strategy_id", "draft_id")
    async with storage.as_(OPERATOR).read() as snapshot:
        plans = await snapshot.strategy_plans.get_many(["plan-1"])
        assert all(plan.approval is ApprovalState.PENDING for plan in plans.values())
        assert not await snapshot.qc_results.get_many_by_draft_id(["draft-1"])


@pytest.mark.parametrize("decide", [reject, let_fail])
async def test_an_agent_may_find_fault_with_its_own_work(as_: As, decide: Decide) -> None:
    await decide(as_, WRITER, WRITER)


async def test_who_made_it_is_who_changed_it_last(as_: As) -> None:
    await as_(WRITER).save_strategy_plan(build.save_plan())
    await as_(BOB).save_strategy_plan(build.save_plan())

    await as_(WRITER).approve_strategy_plan(build.decide_plan(decided_by=None))


async def test_an_agent_passes_no_draft_that_nobody_made(as_: As) -> None:
    with pytest.raises(NotAllowed):
        await as_(WRITER).record_qc_result(build.record_result(passed=True))
    await as_(BOB).save_draft(build.save_draft())
    await as_(BOB).delete(build.delete("draft_id", "draft-1"))
    with pytest.raises(NotAllowed):
        await as_(WRITER).record_qc_result(build.record_result(passed=True))


@pytest.mark.parametrize("decide", ["approve_strategy_plan", "record_qc_result"])
async def test_an_agent_that_does_not_see_the_last_change_approves_nothing(
    as_: As, decide: str
) -> None:
    """The last change was one of another client's, to whom the brief belonged meanwhile."""
    command = (
        build.decide_plan(decided_by=None)
        if decide == "approve_strategy_plan"
        else build.record_result(result_id=None, passed=True)
    )
    await as_(BOB).submit_intake(build.submit_intake(client_id="a"))
    await as_(BOB).save_strategy_plan(build.save_plan())
    await as_(BOB).save_draft(build.save_draft())
    await as_(BOB).submit_intake(build.submit_intake(client_id="b"))
    await as_(WRITER).save_strategy_plan(build.save_plan(executive_summary="Mine"))
    await as_(WRITER).save_draft(build.save_draft(body="Mine"))
    await as_(BOB).submit_intake(build.submit_intake(client_id="a"))

    with pytest.raises(NotAllowed):
        await getattr(as_(WRITER._replace(clients=frozenset({"a"}))), decide)(command)


# In whose name


@pytest.mark.parametrize("decider", [BOB, IMPORTER, OTHER])
@pytest.mark.parametrize("work", ["approve_strategy_plan", "reject_strategy_plan"])
async def test_who_has_authenticated_decides_in_its_own_name(
    as_: As, decider: Caller, work: str
) -> None:
    for name in (None, decider.id):
        await as_(ADA).save_strategy_plan(build.save_plan(strategy_id=f"plan of {name}"))
        command = build.decide_plan(strategy_id=f"plan of {name}", decided_by=name)
        plan = await getattr(as_(decider), work)(command)
        assert plan.decided_by == decider.id


async def test_another_name_requires_a_scope(as_: As) -> None:
    await as_(ADA).save_strategy_plan(build.save_plan())
    command = build.decide_plan(decided_by="Grace")

    with pytest.raises(NotAllowed) as refusal:
        await as_(BOB).approve_strategy_plan(command)
    assert refusal.value.field == "decided_by"

    for_others = BOB._replace(scopes=OWN_NAME | {Scope.STRATEGY_APPROVE_FOR_OTHERS})
    plan = await as_(for_others).approve_strategy_plan(command)
    assert plan.decided_by == "Grace"


async def test_without_authentication_a_name_has_to_be_given(as_: As) -> None:
    await as_(ADA).save_strategy_plan(build.save_plan())

    with pytest.raises(ValidationFailed) as failure:
        await as_(OPERATOR).approve_strategy_plan(build.decide_plan(decided_by=None))
    assert [each.path for each in failure.value.violations] == [("decided_by",)]


async def test_the_log_says_who_decided(as_: As, storage: Storage) -> None:
    await approve(as_, ADA, OTHER)

    async with storage.as_(OPERATOR).read() as snapshot:
        found = await snapshot.events.of_entities("strategy_plan", ["plan-1"], 2)
    assert [(each.type, each.caller.id, each.caller.on_behalf_of) for each in found["plan-1"]] == [
        ("strategy_plan.approved", "reviewer", "bob"),
        ("strategy_plan.saved", "ada", None),
    ]


async def test_clients_get_a_typed_error_that_names_the_field(storage: Storage) -> None:
    api = InProcess(create_schema(), storage, caller=WRITER)
    await api.do("saveStrategyPlan", inputs.save_plan())
    given: Any = {"strategyId": "plan-1"}

    [error] = await api.refuse("approveStrategyPlan", given)

    assert error == {
        "__typename": "NotAllowedError",
        "code": "NOT_ALLOWED",
        "message": "strategyId: an agent can't approve what it made itself.",
        "path": ["strategyId"],
    }
