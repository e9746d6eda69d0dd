"""The costliest operations within the limits that a search finds, and what each may cost at most.

What is counted is the same on every machine: the calls between two turns of the event loop, and the
memory that Python asks for. `python -m benchmarks.worst` measures the same in milliseconds, for as
long as it's told. Documents are prepared, and planned, before it's counted.
"""

import asyncio
import sys
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import combinations, islice, product
from random import Random
from types import FrameType
from typing import Any, Final

import pytest
from starlette.types import Scope

from repositories.unit_of_work import Repositories, Storage
from schema.execute import ExecutableOperation, GraphQLRequest, parse_and_validate
from schema.limits import count_values
from server.settings import MEBIBYTE, Settings
from tests import builders as build
from tests.support.costly import Case, Search, body_of
from tests.support.heavy import HEAVY_KEYS, fill_heavily
from tests.support.serving import Served, serving

SHARE: Final = 0.1
"""Of the longest texts and lists, of the limits of requests and responses, and of the memory that
is allowed."""
BODY_BYTES: Final = int(SHARE * Settings.model_fields["body_bytes"].default)
ANSWER_BYTES: Final = int(SHARE * Settings.model_fields["answer_bytes"].default)
MAX_BYTES: Final = int(SHARE * 64 * MEBIBYTE)
MAX_CALLS: Final = 100_000
"""In a turn of the event loop: they take 15 to 30 milliseconds."""
CASES: Final = 15
TRIES: Final = 100
KEPT: Final = 5

BODIES: Final = [f"b{number}: body" for number in range(99)]
IDS: Final = [*HEAVY_KEYS["ids"], *HEAVY_KEYS["ids"][:20]]
NODES: Final = "nodes(ids: $ids) { id ... on DeliveryPackage { revision draftId } }"
KNOWN: Final = (
    f"query($ids: [ID!]!) {{ {' '.join(f'n{n}: {NODES}' for n in range(99))} }}",
    f"{{ drafts(first: 20) {{ nodes {{ {' '.join(BODIES[:4])} }} }} }}",
    f"{{ drafts(first: 20) {{ nodes {{ {' '.join(BODIES[:20])} }} }} }}",
    f"{{ drafts(first: 20) {{ nodes {{ {' '.join(BODIES)} }} }} }}",
    f"{{ {' '.join(f'a{n}: drafts(first: 20) {{ nodes {{ body }} }}' for n in range(99))} }}",
    "{ drafts(first: 7) { nodes { body } } }",
    "{ drafts(first: 40) { nodes { metadata } } }",
    "{ deliveryPackages(first: 40) { nodes { artifacts { name url format position } } } }",
    "{ drafts(first: 40) { nodes { deliveryPackages { nodes { artifacts { url } } } } } }",
    "{ strategyPlans(first: 1) { nodes { recommendations { channel rationale tactics } } } }",
    "{ briefs(first: 1) { nodes { objectives responses brandGuidelines } } }",
)


@dataclass(slots=True)
class Cost:
    calls: int = 0
    """The most in one turn of the event loop."""
    memory: int = 0
    """In bytes, at most at once."""

    @property
    def share(self) -> float:
        """Of what it may cost."""
        return max(self.calls / MAX_CALLS, self.memory / MAX_BYTES)


@asynccontextmanager
async def counted() -> AsyncIterator[Cost]:
    cost, made = Cost(), 0

    def note(frame: FrameType, event: str, _: Any) -> None:
        nonlocal made
        made += event in ("call", "c_call")

    async def turns() -> None:
        nonlocal made
        while True:
            cost.calls, made = max(cost.calls, made), 0
            await asyncio.sleep(0)

    turning = asyncio.create_task(turns())
    await asyncio.sleep(0)
    tracemalloc.start(1)
    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield cost
        await asyncio.sleep(0)
    finally:
        sys.setprofile(before)
        cost.memory = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        turning.cancel()


async def cost_of(served: Served, prepared: ExecutableOperation) -> Cost:
    """The cost of answering an operation again."""
    await respond(served, prepared)
    async with counted() as cost:
        await respond(served, prepared)
    return cost


async def respond(served: Served, prepared: ExecutableOperation) -> None:
    with served.service.pending.share() as share:
        scope: Scope = {"type": "http", "headers": []}
        response = await served.service.respond(prepared, build.caller("request"), share, scope)
        await served.service.encoded(response, "request", share)


@pytest.fixture
async def heavy(storage: Storage, repositories: Repositories) -> AsyncIterator[Served]:
    await fill_heavily(repositories, SHARE)
    async with serving(storage, answer_bytes=ANSWER_BYTES) as served:
        yield served


def prepared(served: Served, operation: GraphQLRequest) -> ExecutableOperation | None:
    """None of what is beyond the limits."""
    if len(body_of(operation)) > BODY_BYTES:
        return None
    if count_values(operation.variables) > served.service.body_limits.values:
        return None
    found = parse_and_validate(served.service.schema, operation)
    return found if isinstance(found, ExecutableOperation) else None


async def test_what_was_found_before_stays_within_its_bounds(heavy: Served) -> None:
    for query in KNOWN:
        operation = prepared(
            heavy, GraphQLRequest(query, {"ids": IDS} if "$ids" in query else None)
        )
        assert operation is not None
        cost = await cost_of(heavy, operation)
        assert cost.calls <= MAX_CALLS, query
        assert cost.memory <= MAX_BYTES, query


async def test_what_is_asked_for_the_first_time_leaves_others_their_turns(heavy: Served) -> None:
    """Each of its 99 fields takes a statement that wasn't made before."""
    fields = ("createdAt", "updatedAt", "draftId", "revision", "contentType", "title", "id")
    pairs = [each for size in (1, 2) for each in combinations(fields, size)]
    connections = " ".join(
        f"""a{place}: drafts(first: 1, filter: {{ draftId: {{ ne: "{place}" }} }}) {{ nodes {{
            {" ".join(above)} strategyPlan {{ drafts(filter: {{ title: {{ eq: "{place}" }} }}) {{
            nodes {{ {below} }} }} }} }} }}"""
        for place, (above, below) in enumerate(islice(product(pairs, fields), 99))
    )
    operation = prepared(heavy, GraphQLRequest(f"{{ {connections} }}"))
    assert operation is not None

    async with counted() as cost:
        await respond(heavy, operation)

    assert cost.calls <= MAX_CALLS


@pytest.mark.parametrize("seed", ["Query 1", "Query 2", "Mutation 2"])
async def test_nothing_that_a_search_finds_is_beyond_its_bounds(heavy: Served, seed: str) -> None:
    random, root = Random(seed), seed.partition(" ")[0]
    search = Search(heavy.service.schema.graphql, HEAVY_KEYS, random, SHARE)
    best: list[tuple[float, Case]] = []
    left = CASES
    for _ in range(TRIES):
        is_changed = bool(best) and random.random() < 0.7
        case = search.changed(random.choice(best)[1]) if is_changed else search.case(root)
        operation = prepared(heavy, case.operation())
        if operation is None:
            continue
        cost = await cost_of(heavy, operation)
        assert cost.calls <= MAX_CALLS, operation.request.query
        assert cost.memory <= MAX_BYTES, operation.request.query
        best = sorted([*best, (cost.share, case)], key=lambda each: each[0])[-KEPT:]
        left -= 1
        if not left:
            break
    assert left < CASES // 2, "too few of them are within the limits"
