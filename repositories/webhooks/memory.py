"""Webhooks in memory."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from domain.webhooks import (
    MAX_ATTEMPTS_BEFORE,
    Claim,
    DeliveryState,
    EndedAttempt,
    NewDelivery,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
)
from repositories.criteria import Filter, Page, PageRequest
from repositories.memory.criteria import matches, page_of
from repositories.memory.session import MemorySession

_ENDPOINTS = "webhook_endpoints"
_SECRETS = "webhook_secrets"
_DELIVERIES = "webhook_deliveries"


@dataclass(frozen=True, slots=True)
class _Secrets:
    secret: str = field(repr=False)
    previous: str | None = field(default=None, repr=False)
    previous_until: datetime | None = None

    def valid(self, now: datetime) -> tuple[str, ...]:
        if self.previous is None or self.previous_until is None or self.previous_until <= now:
            return (self.secret,)
        return (self.secret, self.previous)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """A delivery, with what only senders know of it."""

    number: int
    record: WebhookDelivery
    payload: str
    failures: int = 0
    token: int = 0
    is_leased: bool = False
    """Somebody has claimed it, and not completed it yet."""
    attempts: tuple[WebhookAttempt, ...] = ()

    @property
    def is_pending(self) -> bool:
        return self.record.state is DeliveryState.PENDING

    @property
    def entity(self) -> tuple[str, str]:
        return self.record.entity_type, self.record.entity_key


class MemoryWebhookRepository:
    """Webhooks as one session sees them."""

    def __init__(self, session: MemorySession) -> None:
        self._session = session

    # Reading

    async def endpoints(self, endpoint_ids: Sequence[str]) -> Mapping[str, WebhookEndpoint]:
        stored = self._endpoints
        return {key: stored[key] for key in endpoint_ids if key in stored}

    async def endpoint_page(self, request: PageRequest) -> Page[WebhookEndpoint]:
        await self._session.scan()
        return page_of(self._endpoints.values(), "endpoint_id", request)

    async def endpoint_count(self, filter: Filter | None) -> int:
        await self._session.scan()
        return sum(matches(each, filter) for each in self._endpoints.values())

    async def deliveries(self, delivery_ids: Sequence[str]) -> Mapping[str, WebhookDelivery]:
        kept = self._kept
        return {key: kept[key].record for key in delivery_ids if key in kept}

    async def delivery_page(self, request: PageRequest) -> Page[WebhookDelivery]:
        await self._session.scan()
        records = (each.record for each in self._kept.values())
        return page_of(records, "delivery_id", request)

    async def delivery_count(self, filter: Filter | None) -> int:
        await self._session.scan()
        return sum(matches(each.record, filter) for each in self._kept.values())

    async def attempts_by_delivery_id(
        self, delivery_ids: Sequence[str]
    ) -> Mapping[str, tuple[WebhookAttempt, ...]]:
        kept = self._kept
        return {
            key: kept[key].attempts for key in delivery_ids if key in kept and kept[key].attempts
        }

    # Writing

    async def time(self, now: datetime) -> datetime:
        return now

    async def get_for_update(self, endpoint_id: str) -> WebhookEndpoint | None:
        return self._endpoints.get(endpoint_id)

    async def lock(self, endpoint_ids: Sequence[str]) -> Mapping[str, WebhookEndpoint]:
        return await self.endpoints(endpoint_ids)

    async def insert(self, endpoint: WebhookEndpoint, secret: str) -> None:
        if endpoint.endpoint_id in self._endpoints:
            raise self._session.write_conflict()
        self._session.mutable_table(_ENDPOINTS)[endpoint.endpoint_id] = endpoint
        self._session.mutable_table(_SECRETS)[endpoint.endpoint_id] = _Secrets(secret)

    async def update(self, endpoint: WebhookEndpoint) -> None:
        self._session.mutable_table(_ENDPOINTS)[endpoint.endpoint_id] = endpoint

    async def rotate_secret(self, endpoint_id: str, secret: str, until: datetime) -> None:
        secrets = self._session.mutable_table(_SECRETS)
        secrets[endpoint_id] = _Secrets(secret, secrets[endpoint_id].secret, until)

    async def delete(self, endpoint_id: str) -> bool:
        if endpoint_id not in self._endpoints:
            return False
        del self._session.mutable_table(_ENDPOINTS)[endpoint_id]
        del self._session.mutable_table(_SECRETS)[endpoint_id]
        kept = self._session.mutable_table(_DELIVERIES)
        for key in [key for key, it in kept.items() if it.record.endpoint_id == endpoint_id]:
            del kept[key]
        return True

    async def behind(self, position: int) -> Sequence[str]:
        endpoints = self._endpoints.values()
        return sorted(it.endpoint_id for it in endpoints if it.enabled and it.position < position)

    async def add(self, endpoint_id: str, deliveries: Sequence[NewDelivery], now: datetime) -> None:
        kept = self._session.mutable_table(_DELIVERIES)
        last = max((each.number for each in kept.values()), default=0)
        for number, new in enumerate(deliveries, last + 1):
            record = WebhookDelivery(
                delivery_id=new.delivery_id,
                endpoint_id=endpoint_id,
                event_id=new.event_id,
                event_type=new.event_type,
                entity_type=new.entity_type,
                entity_key=new.entity_key,
                position=new.position,
                state=DeliveryState.PENDING,
                attempt_count=0,
                due_at=None,
                created_at=now,
                finished_at=None,
            )
            kept[new.delivery_id] = _Kept(number=number, record=record, payload=new.payload)
        self._let_be_due(endpoint_id, now)

    async def claim(
        self,
        limit: int,
        lease: timedelta,
        now: datetime,
        *,
        of_each: int | None = None,
        only: Sequence[str] | None = None,
        excluded: Sequence[str] = (),
    ) -> Sequence[Claim]:
        endpoints = {
            key
            for key, endpoint in self._endpoints.items()
            if endpoint.enabled and key not in excluded and (only is None or key in only)
        }
        taken: Counter[str] = Counter()
        due = []
        for each in sorted(
            (each for each in self._kept.values() if _is_due(each.record, now, endpoints)),
            key=lambda each: (each.record.due_at, each.number),
        ):
            taken[each.record.endpoint_id] += 1
            if of_each is None or taken[each.record.endpoint_id] <= of_each:
                due.append(each)
        claimed = [
            replace(
                it,
                token=it.token + 1,
                is_leased=True,
                record=replace(it.record, due_at=now + lease),
            )
            for it in due[:limit]
        ]
        if claimed:
            self._keep(claimed)
        secrets = self._session.table(_SECRETS)
        return [
            Claim(
                delivery_id=it.record.delivery_id,
                endpoint_id=it.record.endpoint_id,
                token=it.token,
                event_id=it.record.event_id,
                payload=it.payload,
                failures=it.failures,
                url=self._endpoints[it.record.endpoint_id].url,
                secrets=secrets[it.record.endpoint_id].valid(now),
            )
            for it in claimed
        ]

    async def complete(
        self, attempts: Sequence[EndedAttempt], now: datetime
    ) -> Sequence[EndedAttempt]:
        stored = self._kept
        kept = [
            each
            for each in attempts
            if (it := stored.get(each.claim.delivery_id)) is not None
            and it.token == each.claim.token
            and it.is_pending
        ]
        if kept:
            self._keep([_completed(stored[it.claim.delivery_id], it, now) for it in kept])
            for endpoint_id in {it.claim.endpoint_id for it in kept if it.has_ended_delivery}:
                self._let_be_due(endpoint_id, now)
        return kept

    async def replay(
        self, endpoint_id: str, filter: Filter | None, limit: int, now: datetime
    ) -> int:
        ended = [
            _begun_anew(it, state=DeliveryState.PENDING, due_at=None, finished_at=None)
            for it in self._kept.values()
            if it.record.endpoint_id == endpoint_id
            and not it.is_pending
            and matches(it.record, filter)
        ][:limit]
        if ended:
            self._keep(ended)
            self._let_be_due(endpoint_id, now)
        return len(ended)

    async def end_pauses(
        self, endpoint_id: str, filter: Filter | None, limit: int, now: datetime
    ) -> int:
        paused = [
            (it.record.due_at, it.number, it)
            for it in self._kept.values()
            if it.record.endpoint_id == endpoint_id
            and it.record.due_at is not None
            and it.record.due_at > now
            and not it.is_leased
            and matches(it.record, filter)
        ]
        found = sorted(paused, reverse=True)[:limit]
        if found:
            self._keep(_begun_anew(it, due_at=now) for *_, it in found)
        return len(found)

    async def remove_finished(self, before: datetime, limit: int) -> int:
        old = [
            key
            for key, it in self._kept.items()
            if it.record.finished_at is not None and it.record.finished_at < before
        ][:limit]
        if old:
            kept = self._session.mutable_table(_DELIVERIES)
            for key in old:
                del kept[key]
        return len(old)

    @property
    def _endpoints(self) -> Mapping[str, WebhookEndpoint]:
        return self._session.table(_ENDPOINTS)

    @property
    def _kept(self) -> Mapping[str, _Kept]:
        return self._session.table(_DELIVERIES)

    def _keep(self, changed: Iterable[_Kept]) -> None:
        kept = self._session.mutable_table(_DELIVERIES)
        for each in changed:
            kept[each.record.delivery_id] = each

    def _let_be_due(self, endpoint_id: str, now: datetime) -> None:
        """Of each entity that has pending deliveries and none that is due, the first one is."""
        first: dict[tuple[str, str], _Kept] = {}
        has_due = set()
        for each in sorted(self._kept.values(), key=lambda each: each.number):
            if each.is_pending and each.record.endpoint_id == endpoint_id:
                first.setdefault(each.entity, each)
                if each.record.due_at is not None:
                    has_due.add(each.entity)
        self._keep(
            replace(it, record=replace(it.record, due_at=now))
            for found, it in first.items()
            if found not in has_due
        )


def _is_due(record: WebhookDelivery, now: datetime, endpoints: Collection[str]) -> bool:
    return record.due_at is not None and record.due_at <= now and record.endpoint_id in endpoints


def _begun_anew(stored: _Kept, **changes: Any) -> _Kept:
    """As if it had not been attempted yet, but for the newest attempts."""
    return replace(
        stored,
        failures=0,
        attempts=stored.attempts[-MAX_ATTEMPTS_BEFORE:],
        record=replace(stored.record, **changes),
    )


def _completed(stored: _Kept, ended: EndedAttempt, now: datetime) -> _Kept:
    outcome, decision = ended.outcome, ended.decision
    attempt = WebhookAttempt(
        position=stored.record.attempt_count,
        created_at=outcome.began_at,
        duration_ms=outcome.duration_ms,
        status=outcome.status,
        error=outcome.error,
        response=outcome.response,
    )
    record = replace(
        stored.record,
        state=decision.state,
        attempt_count=stored.record.attempt_count + 1,
        due_at=decision.due_at,
        finished_at=now if ended.has_ended_delivery else None,
    )
    return replace(
        stored,
        record=record,
        token=stored.token + 1,  # so that the same attempt isn't kept twice
        is_leased=False,
        failures=stored.failures + (not outcome.is_success),
        attempts=(*stored.attempts, attempt),
    )
