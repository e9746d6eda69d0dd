"""What a caller who is bound to clients may save."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from domain.entity import Entity, Owned, Reference
from domain.errors import DomainError, ValidationFailed
from domain.sources import NewKey

_UNUSABLE = "can't be used: nothing of yours has it. Leave it out to save something new"
_LEADS_ELSEWHERE = "has to lead to something of yours"
_ANOTHER_CLIENT = "has to be a client of yours"


class ClientGuard:
    """Refuses what a unit of work may not save for a caller who is bound to clients.

    Others' entities are refused as if they weren't stored. Keys are no exception: under a key of
    its own choice such a caller saves only what it sees, so that nobody learns which keys others
    have, or takes what refers to a key.
    """

    def __init__(self, clients: frozenset[str], new_key: NewKey) -> None:
        self._clients = clients
        self._new_key = new_key
        self._made: set[str] = set()

    def new_key(self, prefix: str) -> str:
        """A key under which something new can be saved."""
        key = self._new_key(prefix)
        self._made.add(key)
        return key

    def keys_of_references(self, records: Sequence[Entity]) -> Mapping[str, Collection[str]]:
        """The keys that records refer to, by the names of the types that have to have them."""
        found = defaultdict[str, set[str]](set)
        for record in records:
            for reference in _references_of(record):
                found[reference.type_name].add(getattr(record, reference.attribute))
        return found

    def refusals_of(
        self, records: Sequence[Entity], seen: Mapping[str, Collection[str]], own: Collection[str]
    ) -> list[DomainError | None]:
        """Why each record can't be saved; None: it can.

        `seen` has those of the `keys_of_references` that lead to what the caller sees, `own` those
        of the records' keys that entities have which it sees.
        """
        return [self._refusal_of(record, seen, own) for record in records]

    def is_own(self, saved: Entity) -> bool:
        """Whether what was saved belongs to a client of the caller.

        Its owner may have got another client since the references were looked at.
        """
        name = saved.client_name
        return name is None or getattr(saved, name) in self._clients

    def are_own(self, outcomes: Iterable[Entity | DomainError]) -> bool:
        """Whether all that was saved `is_own`."""
        return all(self.is_own(it) for it in outcomes if isinstance(it, Entity))

    def require_own(self, saved: Entity) -> None:
        """Raises ValidationFailed unless it `is_own`."""
        if not self.is_own(saved):
            field = saved.owner.attribute if isinstance(saved, Owned) else saved.client_name
            assert field is not None
            raise ValidationFailed.at(field, _LEADS_ELSEWHERE)

    def _refusal_of(
        self, record: Entity, seen: Mapping[str, Collection[str]], own: Collection[str]
    ) -> ValidationFailed | None:
        if not isinstance(record, Owned) and not self.is_own(record):
            assert record.client_name is not None
            return ValidationFailed.at(record.client_name, _ANOTHER_CLIENT)
        for reference in _references_of(record):
            if getattr(record, reference.attribute) not in seen[reference.type_name]:
                return ValidationFailed.at(reference.attribute, _LEADS_ELSEWHERE)
        key = getattr(record, record.key_name)
        if key not in own and key not in self._made:
            return ValidationFailed.at(record.key_name, _UNUSABLE)
        return None


def _references_of(record: Entity) -> Iterator[Reference]:
    """The references that have to lead to what the caller sees."""
    if isinstance(record, Owned):
        yield record.owner
        for reference in record.other_references:
            if getattr(record, reference.attribute) is not None:
                yield reference
