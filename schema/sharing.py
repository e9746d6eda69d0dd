"""Responses that equal subscriptions share: one of them executes and encodes each event for all."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Final, Generic, Protocol, TypeVar

from domain.history import Event

MAX_RESPONSES: Final = 16
"""How many responses a group keeps, for members that come to an event later than others."""


class Encodable(Protocol):
    """A response."""

    @property
    def encoded(self) -> bytes | None:
        """Its JSON; None: it isn't encoded, because it is large or has errors."""
        ...


class Member(Protocol):
    """A member that waits for an event."""

    def deliver(self, event: Event, encoded: bytes) -> bool:
        """Send this response in the member's place, if it still waits, and its client is ready."""
        ...

    def wake(self) -> None:
        """Let the member execute the event by itself."""
        ...


R = TypeVar("R", bound=Encodable)


class ResponseGroups(Generic[R]):
    """The groups of equal subscriptions that are open."""

    def __init__(self) -> None:
        self._groups: dict[Hashable, ResponseGroup[R]] = {}

    def join(self, key: Hashable) -> "ResponseGroup[R]":
        """The group of the subscriptions that have this key; the caller is a member of it, until it
        leaves."""
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = ResponseGroup(key)
        group.members += 1
        return group

    def leave(self, group: "ResponseGroup[R]") -> None:
        group.members -= 1
        if not group.members:
            del self._groups[group.key]


class ResponseGroup(Generic[R]):
    """The last responses to subscriptions that differ in nothing that responses depend on."""

    def __init__(self, key: Hashable) -> None:
        self.key = key
        self.members = 0
        self._kept: OrderedDict[str, R | asyncio.Event] = OrderedDict()
        """By event: its response; or what is set when a member has executed the event."""
        self._held: dict[str, tuple[Member | None, list[Member]]] = {}
        """By event: the member that was woken for it, and those that wait for the response."""

    def holds(self, member: Member, event: Event) -> bool:
        """Whether the member, which waits for the event, needn't be woken for it.

        One member is woken and executes the event; the response is then sent for the others,
        without the cost of waking each of them.
        """
        id = event.event_id
        found = self._kept.get(id)
        if found is not None and not isinstance(found, asyncio.Event):
            return found.encoded is not None and member.deliver(event, found.encoded)
        if found is not None and found.is_set():
            return False
        if id not in self._held:
            self._held[id] = (None if found else member, [])
            if found is None:
                return False
        self._held[id][1].append(member)
        return True

    def leave(self, member: Member) -> None:
        """Wake those that wait for what this member would have executed."""
        for id, (woken, waiting) in list(self._held.items()):
            if woken is member:
                del self._held[id]
                for each in waiting:
                    each.wake()

    def _release(self, event: Event, encoded: bytes | None) -> None:
        _, waiting = self._held.pop(event.event_id, (None, ()))
        for member in waiting:
            if encoded is None or not member.deliver(event, encoded):
                member.wake()

    async def response(self, event: Event, execute: Callable[[], Awaitable[R]]) -> R:
        """The response to the event, which the first member executes.

        Responses that aren't encoded aren't shared: every member executes the event then.
        """
        id, encoded = event.event_id, None
        while (found := self._kept.get(id)) is not None:
            if not isinstance(found, asyncio.Event):
                return found
            if found.is_set():
                return await execute()
            await found.wait()
        executed = self._kept[id] = asyncio.Event()
        if len(self._kept) > MAX_RESPONSES:
            self._kept.popitem(last=False)
        try:
            response = await execute()
            if (encoded := response.encoded) is not None:
                self._kept[id] = response
        except BaseException:
            # The client may have left: another member executes the event.
            self._kept.pop(id, None)
            raise
        finally:
            executed.set()
            self._release(event, encoded)
        return response
