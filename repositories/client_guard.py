"""What a caller who is bound to clients may save."""

from collections.abc import Iterator

from domain.entity import Entity, Owned, Reference
from domain.errors import ValidationFailed
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

    def references(self, record: Entity) -> Iterator[Reference]:
        """The references that have to lead to what the caller sees.

        Raises ValidationFailed where the record names another client.
        """
        if not isinstance(record, Owned):
            self._require_client(record)
            return
        yield record.owner
        for reference in record.other_references:
            if getattr(record, reference.attribute) is not None:
                yield reference

    def require_reference(self, reference: Reference, *, is_seen: bool) -> None:
        """Raises ValidationFailed unless what it leads to is seen."""
        if not is_seen:
            raise ValidationFailed.at(reference.attribute, _LEADS_ELSEWHERE)

    def require_key(self, record: Entity, *, is_seen: bool) -> None:
        """Raises ValidationFailed unless an entity that is seen has the key, or it is a new one."""
        if not is_seen and getattr(record, record.key_name) not in self._made:
            raise ValidationFailed.at(record.key_name, _UNUSABLE)

    def require_own(self, saved: Entity) -> None:
        """Raises ValidationFailed unless what was saved belongs to a client of the caller.

        Its owner may have got another client since the references were looked at.
        """
        if not isinstance(saved, Owned):
            self._require_client(saved)
        elif saved.client_id not in self._clients:
            raise ValidationFailed.at(saved.owner.attribute, _LEADS_ELSEWHERE)

    def _require_client(self, record: Entity) -> None:
        name = record.client_name
        if name is not None and getattr(record, name) not in self._clients:
            raise ValidationFailed.at(name, _ANOTHER_CLIENT)
