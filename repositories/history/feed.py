"""The feed of the log: a process reads each event once, for all who subscribe to it there."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from contextvars import Context
from typing import Final, NamedTuple, Protocol, Self

from domain.callers import Caller, system
from domain.errors import AnswerTooLarge, EventsRemoved, TimedOut, Unavailable
from domain.history import Event, EventFilter
from repositories import visibility
from repositories.answer_size import UNLIMITED, limit_answer
from repositories.criteria import Filter
from repositories.deadlines import set_deadline
from repositories.history.contract import EventPage, EventReads
from repositories.memory.criteria import matches

PAGE_EVENTS: Final = 100
"""The most events that are read at once."""
QUEUE_EVENTS: Final = 64
"""The most events that wait for a subscriber."""
MAX_CHARACTERS: Final = 1024 * 1024
"""The most text that the states of a page, or of a queue, have together. A single event may have
more."""
POLL_SECONDS: Final = 1.0
"""How often the feed reads the log when nobody tells it of news."""
APART_SECONDS: Final = 0.03
"""How long the feed doesn't read after it pushed events: many changes then cost few reads."""
READ_SECONDS: Final = 10.0
"""How long the read of a page may take."""
RETRY_SECONDS: Final = 1.0
"""The pause after a read that failed."""
_PUSHES_PER_TURN: Final = 1_000
"""After how many events for subscribers other tasks get a turn of the event loop."""
_EVERYTHING: Final = EventFilter()
_FEED: Final = system("feed", "feed")
"""The caller who reads for all subscribers. What each of them may see is decided as it's pushed."""

log = logging.getLogger("aicmo.feed")


class Notifications(Protocol):
    """Tells that there may be new events."""

    async def run(self, notify: Callable[[], None]) -> None:
        """Call `notify` whenever there may be new events, until the task is cancelled.

        It may miss some: the feed polls, too.
        """
        ...


class _Snapshot(Protocol):
    """What a snapshot is to the feed."""

    @property
    def events(self) -> EventReads: ...


class _Repositories(Protocol):
    """What a caller's repositories are to the feed."""

    def read(
        self, *, single_statement: bool = False
    ) -> AbstractAsyncContextManager[_Snapshot, None]: ...


class EventFeed:
    """The events of the log, for the subscribers of this process.

    While there are subscribers, one task reads the log, page by page, and pushes each event to
    those whose filters match. It reads when it's notified, and every `poll_seconds`; after events
    not before APART_SECONDS have passed.
    """

    def __init__(
        self,
        repositories_of: Callable[[Caller], _Repositories],
        *,
        notifications: Notifications | None = None,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._repositories_of = repositories_of
        self.notifications = notifications
        self.poll_seconds = poll_seconds
        self._has_news = asyncio.Event()
        self._open: set[EventSubscription] = set()
        self._index = SubscriptionIndex()
        self._tasks: list[asyncio.Task[None]] = []
        self._ending: set[asyncio.Task[None]] = set()
        self.position = 0
        """The feed has pushed all events up to here."""

    @property
    def subscribers(self) -> int:
        """How many subscriptions are open."""
        return len(self._open)

    def notify(self) -> None:
        """Read the log soon, because something was committed."""
        self._has_news.set()

    async def subscribe(
        self, caller: Caller, filter: EventFilter = _EVERYTHING, *, after: int | None = None
    ) -> "EventSubscription":
        """The matching events after a position of the log; None: from now on.

        Its subscriber has to close it. Raises EventsRemoved when the log doesn't have all events
        after the position any more, or isn't there yet; Unavailable when it can't be read.
        """
        async with self._repositories_of(caller).read() as snapshot:
            last = await snapshot.events.last_position()
            if after is None:
                after = last
            elif not await snapshot.events.pruned_position() <= after <= last:
                raise EventsRemoved
        if not self._tasks:
            self._start(last)
        subscription = EventSubscription(self, caller, filter, after)
        self._open.add(subscription)
        self.push_to(subscription)
        return subscription

    async def read(
        self, caller: Caller, after: int, filter: EventFilter, *, whole: bool = False
    ) -> EventPage:
        """A page of the log as the caller sees it, in bounded time and memory.

        `whole` raises EventsRemoved where events of the page may have been removed.
        """
        limit = PAGE_EVENTS
        while True:
            set_deadline(READ_SECONDS)
            limit_answer(MAX_CHARACTERS if limit > 1 else UNLIMITED)
            try:
                repositories = self._repositories_of(caller)
                # Only where there is a filter, the last position is read as well.
                is_single = filter is _EVERYTHING and not whole
                async with repositories.read(single_statement=is_single) as snapshot:
                    page = await snapshot.events.page(after, limit, filter)
                    if whole and after < await snapshot.events.pruned_position():
                        raise EventsRemoved
                    return page
            except AnswerTooLarge:
                limit = max(limit // 4, 1)

    def push_to(self, subscription: "EventSubscription") -> None:
        """Push the events after `position` to the subscription."""
        subscription.pushed_after = self.position
        self._index.add(subscription)

    def stop_pushing_to(self, subscription: "EventSubscription") -> None:
        subscription.pushed_after = None
        self._index.discard(subscription)

    def discard(self, subscription: "EventSubscription") -> None:
        """The feed stops after its last subscription."""
        self.stop_pushing_to(subscription)
        self._open.discard(subscription)
        if not self._open:
            self._stop()

    async def close(self) -> None:
        """End all subscriptions, and return when nothing runs any more."""
        for subscription in list(self._open):
            subscription.fail(Unavailable("The server stops."))
            self.discard(subscription)
        if self._ending:
            await asyncio.wait(self._ending)

    def _start(self, position: int) -> None:
        self.position = position
        works = [self._run()]
        if self.notifications is not None:
            works.append(self.notifications.run(self.notify))
        # They outlive the operation that starts them, so they must not have its deadline.
        self._tasks = [asyncio.create_task(work, context=Context()) for work in works]
        for task in self._tasks:
            task.add_done_callback(self._has_ended)

    def _stop(self) -> None:
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            if task.cancel():
                self._ending.add(task)
                task.add_done_callback(self._ending.discard)

    def _has_ended(self, task: asyncio.Task[None]) -> None:
        """A task that ends by itself has a bug: the subscribers are told, rather than wait."""
        if task.cancelled() or (error := task.exception()) is None or task not in self._tasks:
            return
        for subscription in list(self._open):
            subscription.fail(error)
            self.discard(subscription)

    async def _run(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.poll_seconds):
                    await self._has_news.wait()
            self._has_news.clear()
            try:
                page = await self._push_page()
                if page.has_more:
                    self._has_news.set()
                await asyncio.sleep(APART_SECONDS if page.items and not page.has_more else 0)
            except (Unavailable, TimedOut) as error:
                log.warning("the feed can't read the log: %s", error)
                await asyncio.sleep(RETRY_SECONDS)
                self._has_news.set()

    async def _push_page(self) -> EventPage:
        """Push the events of the next page."""
        page = await self.read(_FEED, self.position, _EVERYTHING)
        pushed = 0
        for event in page.items:
            for subscription in self._index.interested_in(event):
                subscription.push(event)
                pushed += 1
            self.position = _position(event)
            if pushed >= _PUSHES_PER_TURN:
                pushed = 0
                await asyncio.sleep(0)
        return page


class Wanted(NamedTuple):
    """The events that match a filter, and that a caller may see by this rule."""

    filter: EventFilter
    rule: Filter | None

    def has(self, event: Event) -> bool:
        return self.filter.matches(event) and (self.rule is None or matches(event, self.rule))


class EventSubscription:
    """The events that match a filter, in the order of the log, each once: an iterator for one task.

    A subscriber that doesn't take its events in time is behind: its queue is dropped, and it reads
    the log by itself until it has caught up. It does so in the beginning, too.
    """

    def __init__(self, feed: EventFeed, caller: Caller, filter: EventFilter, after: int) -> None:
        self.wanted = Wanted(filter, visibility.rules_of(caller).get(Event.__name__))
        self.pushed_after: int | None = None
        """The feed pushes the events after this position; None: none."""
        self._feed = feed
        self._caller = caller
        self._position = after
        """All events up to here were taken, or are in the page."""
        # Lists, which take a tenth of the memory of deques while they are empty.
        self._page: list[Event] = []
        """The last event first."""
        self._queue: list[Event] = []
        self._queued_characters = 0
        self._awaited: asyncio.Future[None] | None = None
        self._failure: BaseException | None = None
        self.holds: Callable[[Event], bool] | None = None
        """Whether the subscriber, who waits for this event, needn't be woken: whoever holds the
        event takes it for the subscriber, or wakes it."""

    @property
    def is_behind(self) -> bool:
        """Whether there are events that the feed won't push any more."""
        return self.pushed_after is None or self._position < self.pushed_after

    @property
    def waiting(self) -> int:
        """How many events wait to be taken."""
        return len(self._page) + len(self._queue)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        while True:
            if self._page:
                # Catching up must not keep others from their turns.
                await asyncio.sleep(0)
                return self._page.pop()
            if self._failure is not None:
                raise self._failure
            if self.is_behind:
                await self._read_page()
                continue
            while self._queue:
                event = self._queue.pop(0)
                self._queued_characters -= _characters(event)
                if (position := _position(event)) > self._position:
                    self._position = position
                    return event
            self._awaited = asyncio.get_running_loop().create_future()
            await self._awaited

    def close(self) -> None:
        """Take no more events."""
        self._drop_queue()
        self._feed.discard(self)

    def push(self, event: Event) -> None:
        """Queue the event, unless the queue is full: the subscription is behind then."""
        characters = _characters(event)
        if self._queue and (
            len(self._queue) >= QUEUE_EVENTS
            or self._queued_characters + characters > MAX_CHARACTERS
        ):
            if not self.is_behind:
                # It has taken all before the queue, of which the log may have lost some since.
                self._position = max(self._position, _position(self._queue[0]) - 1)
            self._drop_queue()
            self._feed.stop_pushing_to(self)
            return
        self._queue.append(event)
        self._queued_characters += characters
        if not (self.holds and self.awaits(event) and self.holds(event)):
            self.wake()

    def awaits(self, event: Event) -> bool:
        """Whether the subscriber waits, and this is the event that it would get."""
        awaited, queue, after = self._awaited, self._queue, self.pushed_after
        return (
            awaited is not None
            and not awaited.done()
            and bool(queue)
            and queue[0] is event
            and after is not None
            and after <= self._position < _position(event)
        )

    def take(self) -> None:
        """Take the event that the subscriber awaits, in its place; wake it if there are more."""
        event = self._queue.pop(0)
        self._position = _position(event)
        if self._queue:
            self._queued_characters -= _characters(event)
            self.wake()
        else:
            self._queued_characters = 0

    def fail(self, error: BaseException) -> None:
        """Let the subscriber get the error instead of a next event."""
        self._failure = error
        self._drop_queue()
        self.wake()

    async def _read_page(self) -> None:
        if self.pushed_after is None:
            self._feed.push_to(self)
        pushed_after = self.pushed_after
        filter = self.wanted.filter
        page = await self._feed.read(self._caller, self._position, filter, whole=True)
        self._page = [*reversed(page.items)]
        self._position = page.position
        if not page.has_more and pushed_after is not None:
            # The page was read later than the feed came there.
            self._position = max(self._position, pushed_after)

    def _drop_queue(self) -> None:
        self._queue.clear()
        self._queued_characters = 0

    def wake(self) -> None:
        """Let the subscriber look at its queue."""
        if self._awaited is not None and not self._awaited.done():
            self._awaited.set_result(None)


class SubscriptionIndex:
    """Finds the subscriptions that an event is for, without asking all of them: of those that want
    the same, it asks once."""

    def __init__(self) -> None:
        self._by_topic: dict[_Topic, dict[Wanted, dict[EventSubscription, None]]] = {}

    def add(self, subscription: EventSubscription) -> None:
        wanted = subscription.wanted
        for topic in _topics_of(wanted.filter):
            self._by_topic.setdefault(topic, {}).setdefault(wanted, {})[subscription] = None

    def discard(self, subscription: EventSubscription) -> None:
        wanted = subscription.wanted
        for topic in _topics_of(wanted.filter):
            of_topic = self._by_topic.get(topic, {})
            found = of_topic.get(wanted, {})
            found.pop(subscription, None)
            if not found:
                of_topic.pop(wanted, None)
            if not of_topic:
                self._by_topic.pop(topic, None)

    def interested_in(self, event: Event) -> list[EventSubscription]:
        """Those that want the event."""
        return [
            subscription
            for topic in (*((name, getattr(event, name)) for name in _INDEXED.values()), _ALL)
            for wanted, subscriptions in self._by_topic.get(topic, _NONE).items()
            if wanted.has(event)
            for subscription in subscriptions
        ]


_Topic = tuple[str, str | None]
_ALL: Final[_Topic] = ("", None)
_NONE: Final[Mapping[Wanted, Mapping[EventSubscription, None]]] = {}
_INDEXED: Final = {
    "entity_keys": "entity_key",
    "client_ids": "client_id",
    "types": "type",
    "entity_types": "entity_type",
}
"""The conditions of filters, and the attributes of events that they are about. The first that a
filter has is the one that leaves the fewest events, so it's found by that."""


def _topics_of(filter: EventFilter) -> Iterator[_Topic]:
    for condition, attribute in _INDEXED.items():
        values = getattr(filter, condition)
        if values is not None:
            yield from ((attribute, value) for value in {*values})
            return
    yield _ALL


def _position(event: Event) -> int:
    assert event.position is not None, "events are read by their positions"
    return event.position


def _characters(event: Event) -> int:
    return 0 if event.state is None else len(event.state.text)
