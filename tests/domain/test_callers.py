"""Callers, and what their scopes grant."""

import pytest

from domain.callers import Caller, CallerKind, local_operator, system
from domain.scopes import ALL_SCOPES, Scope, read_scope, scopes_granted
from repositories.registry import ENTITY_TYPES


def test_admin_grants_every_scope() -> None:
    assert scopes_granted([Scope.ADMIN]) == ALL_SCOPES == frozenset(Scope)


def test_a_scope_grants_no_other_one() -> None:
    for scope in ALL_SCOPES - {Scope.ADMIN}:
        assert scopes_granted([scope]) == {scope}


def test_the_operator_and_the_server_may_do_everything() -> None:
    assert local_operator("r").scopes == system("seed", "r").scopes == ALL_SCOPES


def test_a_caller_of_the_log_may_do_nothing() -> None:
    caller = Caller(CallerKind.USER, "ada", None, "request-1", frozenset({"a"}), ALL_SCOPES)

    assert caller.identity == Caller(CallerKind.USER, "ada", None, "request-1", clients=None)
    assert not caller.identity.scopes


@pytest.mark.parametrize(
    ("kind", "on_behalf_of", "person"),
    [
        (CallerKind.USER, None, "it"),
        (CallerKind.AGENT, "ada", "ada"),
        (CallerKind.SERVICE, None, None),
        (CallerKind.OPERATOR, None, None),
    ],
)
def test_a_caller_may_act_for_a_person(
    kind: CallerKind, on_behalf_of: str | None, person: str | None
) -> None:
    assert Caller(kind, "it", on_behalf_of, "request-1", clients=None).person == person


def test_there_is_a_scope_to_read_the_entities_of_each_module() -> None:
    scopes = {read_scope(type_.module) for type_ in ENTITY_TYPES.values()}

    assert scopes <= ALL_SCOPES
    assert len(scopes) == 7
