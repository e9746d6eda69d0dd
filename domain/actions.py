"""Actions: what callers do about an entity by mutations, and what stands in their way."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from domain.callers import Caller
from domain.errors import DomainError


class Situation(NamedTuple):
    """In which an action is wanted: by whom, and who made the present state of the entity; None:
    nobody knows, or no rule asks for it."""

    caller: Caller
    maker: Caller | None = None


class Check(NamedTuple):
    """A rule that refuses an action whatever else a command says.

    `require` gets the entity and the situation, and raises a DomainError; `attribute` is that of
    the entity which it looks at.
    """

    attribute: str
    require: Callable[[Any, Situation], None]


class Blocker(NamedTuple):
    """Why an action is refused, and the attribute of the entity that is the reason."""

    error: DomainError
    attribute: str


@dataclass(frozen=True, slots=True)
class Action:
    """What the mutation of this name does about an entity, and the rules for it, in their order.

    Those for the mutation's input, and its scopes, aren't among them.
    """

    name: str
    checks: tuple[Check, ...] = ()
    asks_for_maker: bool = False
    """Whether a rule looks at who made the entity."""

    def require(self, entity: object, situation: Situation) -> None:
        """Raises the error of the first rule that refuses it."""
        for check in self.checks:
            check.require(entity, situation)

    def blockers(self, entity: object, situation: Situation) -> Iterator[Blocker]:
        """All rules that refuse it: `require` raises the error of the first."""
        for check in self.checks:
            try:
                check.require(entity, situation)
            except DomainError as error:
                yield Blocker(error, check.attribute)
