"""Reading, saving and deleting entities of any type in memory."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, TypeVar

from domain.entity import Entity, Owned, in_order
from domain.errors import DomainError, RevisionConflict
from repositories.api_names import field_names
from repositories.memory.reads import MemoryReads

R = TypeVar("R", bound=Entity)


class MemoryRepository(MemoryReads[R]):
    """Saves and deletes the entities of one type, and their children."""

    unchanging: ClassVar[tuple[str, ...]] = ()
    """Fields that a save under the same key may not change: they are part of another key."""
    traced: ClassVar[tuple[str, ...]] = ()
    """Fields of children that a save works out where it isn't told."""

    async def get_for_update(self, key: str) -> R | None:
        return await self.get(key)

    async def save(self, record: R, expected_revision: int | None = None) -> R:
        [refusal] = await self.refusals_of([record])
        if refusal is not None:
            raise refusal
        return self._save(record, expected_revision)

    async def save_many(
        self, records: Sequence[R], expected_revisions: Sequence[int | None]
    ) -> Sequence[R | DomainError]:
        self._require_distinct(records)
        refusals = await self.refusals_of(records)
        outcomes: dict[int, R | DomainError] = {
            n: refusal for n, refusal in enumerate(refusals) if refusal is not None
        }
        # The log has them in the order of their keys, as in a database.
        for n in sorted(range(len(records)), key=lambda n: getattr(records[n], self.key_name)):
            if n not in outcomes:
                outcomes[n] = self._saved_or_refused(records[n], expected_revisions[n])
        return [outcomes[n] for n in range(len(records))]

    async def refusals_of(self, records: Sequence[R]) -> Sequence[DomainError | None]:
        guard = self._session.guard
        if guard is None:
            return [None for _ in records]
        seen = {
            name: self._of(name)._records.keys() & keys
            for name, keys in guard.keys_of_references(records).items()
        }
        return guard.refusals_of(records, seen, self._records.keys())

    def _require_distinct(self, records: Sequence[R]) -> None:
        if len({getattr(record, self.key_name) for record in records}) < len(records):
            raise ValueError("records that are saved together have different keys")
        name = self.children_attribute
        if name is not None and any(getattr(record, name) is None for record in records):
            raise ValueError("records that are saved together have their children")

    def _saved_or_refused(self, record: R, expected_revision: int | None) -> R | DomainError:
        try:
            return self._save(record, expected_revision)
        except RevisionConflict as error:
            return error

    def _save(self, record: R, expected_revision: int | None) -> R:
        key: str = getattr(record, self.key_name)
        stored = self._all.get(key)
        actual = 0 if stored is None else stored.revision
        if expected_revision is not None and expected_revision != actual:
            raise RevisionConflict(expected_revision, actual)
        self._require_no_conflict(key, record, stored)
        recorder = self._session.recorder
        record = self._traced(self._with_children(key, record), stored)
        last = actual or recorder.last_revision(self._session, record, key)
        saved = replace(
            record,
            revision=last + 1,
            created_at=stored.created_at if stored else record.created_at,
            updated_at=max(stored.updated_at, record.updated_at) if stored else record.updated_at,
            **self._decided(record),
        )
        changed = self._changed_fields(key, stored, saved)
        self._session.mutable_table(self.table_name)[key] = self._without_children(key, saved)
        self._note_second_key(key, stored, saved)
        recorder.saved(self._session, saved, key, actual, changed)
        before, after = _client_of(stored), _client_of(saved)
        if before is None or after is None:
            self._note_owner(key, stored, saved)
        if before != after:
            self._pass_on([key], before, after)
        return saved

    async def delete(self, key: str) -> bool:
        if key not in self._records:
            return False
        recorder = self._session.recorder
        record = self._session.mutable_table(self.table_name).pop(key)
        self._note_second_key(key, record, None)
        recorder.deleted(self._session, record, key)
        self._note_owner(key, record, None)
        if (client_id := _client_of(record)) is not None:
            self._pass_on([key], client_id, None)
        if self.children_table is not None:
            self._session.mutable_table(self.children_table).pop(key, None)
        return True

    def _inherit(
        self, owner_keys: Sequence[str], before: str | None, client_id: str | None
    ) -> None:
        """Give the entities of these owners, who belonged to `before`, the client, and what they
        own in turn."""
        keys = [*self._of_owners(owner_keys, before)]
        for key in keys:
            stored = self._all[key]
            changes: dict[str, Any] = {"client_id": client_id}
            changed = self._session.mutable_table(self.table_name)[key] = replace(stored, **changes)
            self._note_owner(key, stored, changed)
        if keys:
            self._pass_on(keys, before, client_id)

    def _of_owners(self, owner_keys: Sequence[str], client_id: str | None) -> Iterable[str]:
        """The keys of the entities of these owners, which belong to the client."""
        if client_id is None:
            clientless = self._session.table(self._clientless)
            return [key for owner_key in owner_keys for key in clientless.get(owner_key, ())]
        wanted = {*owner_keys}
        return [key for key, it in self._all.items() if _owner_key_of(it) in wanted]

    def _pass_on(self, keys: Sequence[str], before: str | None, client_id: str | None) -> None:
        """Give what these entities own the client."""
        for repository in self._session.owned.get(self.record_type.__name__, ()):
            repository(self._session)._inherit(keys, before, client_id)

    def _decided(self, record: R) -> Mapping[str, Any]:
        """What storage decides about a record that belongs to its owner's client."""
        if not isinstance(record, Owned):
            return {}
        owners: Mapping[str, Entity] = self._of(record.owner.type_name)._all
        return {"client_id": _client_of(owners.get(_owner_key_of(record)))}

    @property
    def _clientless(self) -> str:
        """Names the table of the keys of entities that belong to no client, by their owners'.

        A new owner finds in it what refers to it, without looking at all that is stored.
        """
        return f"{self.table_name} without a client"

    def _note_owner(self, key: str, before: R | None, after: R | None) -> None:
        """Keep the table of entities that belong to no client."""
        previous, now = (
            _owner_key_of(it) if isinstance(it, Owned) and it.client_id is None else None
            for it in (before, after)
        )
        if previous == now:
            return
        clientless = self._session.mutable_table(self._clientless)
        if previous is not None:
            rest = clientless.pop(previous) - {key}
            if rest:
                clientless[previous] = rest
        if now is not None:
            clientless[now] = clientless.get(now, frozenset()) | {key}

    def _without_children(self, key: str, record: R) -> R:
        if self.children_table is None or self.children_attribute is None:
            return record
        new = getattr(record, self.children_attribute)
        self._session.mutable_table(self.children_table)[key] = new
        changes: dict[str, Any] = {self.children_attribute: None}
        return replace(record, **changes)

    def _with_children(self, key: str, record: R) -> R:
        """The record with its children in their order, or with the stored ones."""
        if self.children_table is None or self.children_attribute is None:
            return record
        new = getattr(record, self.children_attribute)
        if new is None:
            stored = self._session.table(self.children_table).get(key, ())
            new = [replace(child, **dict.fromkeys(self.traced)) for child in stored]
        changes: dict[str, Any] = {self.children_attribute: in_order(new)}
        return replace(record, **changes)

    def _changed_fields(self, key: str, stored: R | None, saved: R) -> list[str]:
        """The names of the changed fields in the API."""
        names = field_names(self.record_type)
        if stored is None:
            return [*names.values()]
        previous = {name: getattr(stored, name) for name in names}
        if self.children_table is not None and self.children_attribute is not None:
            children = self._session.table(self.children_table).get(key, ())
            previous[self.children_attribute] = children
        return [
            name
            for attribute, name in names.items()
            if getattr(saved, attribute) != previous[attribute]
        ]

    def _require_no_conflict(self, key: str, record: R, stored: R | None) -> None:
        """Raises WriteConflict where the constraints of a database would be violated."""
        if stored and _values(record, self.unchanging) != _values(stored, self.unchanging):
            raise self._session.write_conflict()
        if self.second_key:
            taken = self._session.table(self._by_second_key)
            if taken.get(_values(record, self.second_key), key) != key:
                raise self._session.write_conflict()

    def _note_second_key(self, key: str, before: R | None, after: R | None) -> None:
        """Keep the table of second keys."""
        previous, now = (
            None if it is None else _values(it, self.second_key) for it in (before, after)
        )
        if previous == now or not self.second_key:
            return
        keys = self._session.mutable_table(self._by_second_key)
        if previous is not None:
            del keys[previous]
        if now is not None:
            keys[now] = key

    def _traced(self, record: R, _stored: R | None) -> R:
        """The record, which has its children, with what a save works out of these; `stored` is the
        one in whose place it comes."""
        return record


def _values(record: Entity, names: Sequence[str]) -> tuple[Any, ...]:
    return tuple(getattr(record, name) for name in names)


def _client_of(record: Entity | None) -> str | None:
    """The client whom the entity belongs to; None where there is neither."""
    if record is None or record.client_name is None:
        return None
    client_id: str | None = getattr(record, record.client_name)
    return client_id


def _owner_key_of(record: Any) -> str:
    key: str = getattr(record, record.owner.attribute)
    return key
