"""Rules about who may decide: they look at who made what is decided on."""

from domain.callers import Caller, CallerKind
from domain.errors import NotAllowed, ValidationFailed
from domain.scopes import Scope

MAKER_UNKNOWN = "nobody knows who made it"


def require_other_maker(caller: Caller, maker: Caller | None, field: str) -> None:
    """Raise NotAllowed where an agent would approve its own work, or that of its person.

    Its own is what it made itself; that of its person is what the person made, or another agent on
    behalf of the person. What nobody knows the maker of may be its own, too. Others may decide
    alone: they are people, or programs that people wrote to decide.
    """
    if caller.kind is not CallerKind.AGENT:
        return
    if maker is None:
        raise NotAllowed(field, f"an agent can't approve this: {MAKER_UNKNOWN}")
    if (maker.kind, maker.id) == (caller.kind, caller.id):
        raise NotAllowed(field, "an agent can't approve what it made itself")
    if maker.person is not None and maker.person == caller.person:
        raise NotAllowed(
            field, "an agent can't approve what was made for the person whom it acts for"
        )


def decider(caller: Caller, decided_by: str | None) -> str:
    """The name of who decides: the caller's own, unless it may name others.

    Raises NotAllowed for the name of another, ValidationFailed where a name is needed.
    """
    if not caller.is_authenticated:
        if decided_by is None:
            raise ValidationFailed.at("decided_by", "must be given, since nobody has authenticated")
        return decided_by
    if decided_by is None or decided_by == caller.id:
        return caller.id
    if Scope.STRATEGY_APPROVE_FOR_OTHERS not in caller.scopes:
        raise NotAllowed(
            "decided_by",
            f"must be the caller's own name, or left out: `{Scope.STRATEGY_APPROVE_FOR_OTHERS}` "
            "is required to decide for others",
        )
    return decided_by
