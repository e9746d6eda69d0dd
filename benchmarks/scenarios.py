"""The requests that every measured server gets."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

PAGE = 50
ARTIFACTS = 10
ISSUES = 5

CLIENTS = 5
BRIEFS, PLANS, DRAFTS = 20, 6, 20
"""How many briefs a client has, plans a brief, and drafts a plan: more than a page of each."""
BRIEFS_PAGE, PLANS_PAGE, DRAFTS_PAGE = 10, 3, 5

EVENTS = "events"
BULK = "bulk"
BULK_ROWS = 100
"""How many packages a bulk saves."""

_MAX_PACKAGES = 5_000
_VERSIONS = 10
"""How often `events` changes a package until it begins anew. Servers that share a database go
through them at their own pace, so only few of their saves change nothing."""


class WrongAnswer(Exception):
    """A server answered something else than what the scenario is about."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One operation, sent again and again with one after another of its variables.

    `check` gets the data of an answer and raises WrongAnswer unless it's complete.
    """

    name: str
    title: str
    query: str
    variables: tuple[Json, ...]
    check: Callable[[Json], None]


_NODES = """
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    nodes {
      packageId
      revision
      createdAt
      updatedAt
      artifacts { position name url format }
      draft {
        draftId
        contentType
        title
        qcResult {
          resultId
          passed
          score
          evaluatedAt
          issues { position severity section reason }
        }
      }
    }
"""

LIST = f"""
query List($first: Int!) {{
  deliveryPackages(first: $first) {{
    totalCount
    {_NODES.strip()}
  }}
}}
"""

SMALL = """
query Small($packageId: ID!) {
  deliveryPackage(packageId: $packageId) {
    packageId
    draftId
    revision
    createdAt
    updatedAt
    artifacts { position name url format }
  }
}
"""

SAVE = """
mutation Save($input: SaveDeliveryPackageInput!) {
  saveDeliveryPackage(input: $input) {
    deliveryPackage {
      packageId
      revision
      updatedAt
      artifacts { position name url format }
    }
    errors { __typename code message path }
  }
}
"""

LOGGED_SAVE = SAVE.replace(
    "saveDeliveryPackage(input", "saveDeliveryPackage: saveLoggedDeliveryPackage(input"
)
"""The same save by a server that writes no log otherwise."""

SAVE_MANY = """
mutation SaveMany($input: SaveDeliveryPackagesInput!) {
  saveDeliveryPackages(input: $input) {
    count
    results {
      deliveryPackage {
        packageId
        revision
        updatedAt
        artifacts { position name url format }
      }
      errors { __typename code message path }
    }
    errors { __typename code message path }
  }
}
"""

_PAGE_INFO = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"

CHAIN = f"""
query Chain($clientId: ID!, $briefs: Int!, $plans: Int!, $drafts: Int!) {{
  briefs(first: $briefs, filter: {{ clientId: {{ eq: $clientId }} }}) {{
    {_PAGE_INFO}
    nodes {{
      briefId
      stage
      createdAt
      strategyPlans(first: $plans) {{
        {_PAGE_INFO}
        nodes {{
          strategyId
          version
          executiveSummary
          createdAt
          drafts(first: $drafts) {{
            {_PAGE_INFO}
            nodes {{ draftId contentType title createdAt }}
          }}
        }}
      }}
    }}
  }}
}}
"""

_PAGE = f"""
query Page($first: Int!, $after: String) {{
  deliveryPackages(first: $first, after: $after) {{
    {_NODES.strip()}
  }}
}}
"""

_COUNT = """
query Count {
  deliveryPackages(first: 1) {
    totalCount
  }
}
"""

LAST_CURSOR = """
query LastCursor($last: Int!) {
  deliveryPackages(last: $last) { pageInfo { startCursor } }
}
"""
"""Where the last so many packages begin."""


def scenarios(size: int) -> tuple[Scenario, ...]:
    """The scenarios for a database with `size` bulk packages; more than fit on a page."""
    numbers = _some(size)
    return (
        Scenario(
            "list",
            f"{PAGE} packages, each with {ARTIFACTS} artifacts, draft, QC result and its {ISSUES} "
            "issues; page info and total count",
            LIST,
            ({"first": PAGE},),
            lambda data: _check_list(data["deliveryPackages"], size),
        ),
        Scenario(
            "small",
            f"one package with its {ARTIFACTS} artifacts, by its key",
            SMALL,
            tuple({"packageId": _package_id(number)} for number in numbers),
            lambda data: _check_package(data["deliveryPackage"]),
        ),
        Scenario(
            "save",
            f"a stored package and its {ARTIFACTS} artifacts are replaced",
            SAVE,
            tuple({"input": package_input(number)} for number in numbers),
            lambda data: _check_saved(data["saveDeliveryPackage"]),
        ),
    )


def chain() -> Scenario:
    """The scenario for a database that has clients with chains of briefs, plans and drafts."""
    return Scenario(
        "chain",
        f"{BRIEFS_PAGE} of {BRIEFS} briefs of a client, {PLANS_PAGE} of {PLANS} plans of each, "
        f"{DRAFTS_PAGE} of {DRAFTS} drafts of each; page info of all pages",
        CHAIN,
        tuple(
            {
                "clientId": client_id(client),
                "briefs": BRIEFS_PAGE,
                "plans": PLANS_PAGE,
                "drafts": DRAFTS_PAGE,
            }
            for client in range(CLIENTS)
        ),
        lambda data: _check_chain(data["briefs"]),
    )


def events(size: int) -> Scenario:
    """The scenario of saves that a log tells of: each has other artifacts than the one before."""
    numbers = _some(size)[: _MAX_PACKAGES // _VERSIONS]
    return Scenario(
        EVENTS,
        f"a stored package gets {ARTIFACTS} other artifacts, and a log the event with all of them",
        SAVE,
        tuple(
            {"input": package_input(number, f"Version {version} of artifact")}
            for version in range(_VERSIONS)
            for number in numbers
        ),
        lambda data: _check_saved(data["saveDeliveryPackage"]),
    )


def bulk(size: int) -> Scenario:
    """The scenario of `events`, with many packages in each request."""
    numbers = _some(size)
    groups = [numbers[n : n + BULK_ROWS] for n in range(0, len(numbers), BULK_ROWS)]
    return Scenario(
        BULK,
        f"{BULK_ROWS} stored packages get {ARTIFACTS} other artifacts each by one mutation, and a "
        "log the event of each; in single saves, each is one of `events`",
        SAVE_MANY,
        tuple(
            {
                "input": {
                    "rows": [
                        package_input(number, f"Version {version} of artifact") for number in group
                    ]
                }
            }
            for version in range(_VERSIONS)
            for group in groups
        ),
        lambda data: _check_many(data["saveDeliveryPackages"], min(size, BULK_ROWS)),
    )


def growing(size: int, deep: str) -> tuple[Scenario, ...]:
    """The requests for databases of several sizes; `deep` is a cursor near the end."""
    _, small, save = scenarios(size)
    return (
        _page("first page", "the list without its count: the newest packages", None),
        _page("deep page", "the same, near the end of all packages", deep),
        small,
        save,
        Scenario(
            "total count",
            "how many packages there are",
            _COUNT,
            ({},),
            lambda data: _check_count(data["deliveryPackages"], size),
        ),
    )


def _page(name: str, title: str, after: str | None) -> Scenario:
    return Scenario(
        name,
        title,
        _PAGE,
        ({"first": PAGE, "after": after},),
        lambda data: _check_page(data["deliveryPackages"]),
    )


def package_input(number: int, name: str = "Artifact") -> Json:
    """The variables of `save` for a package, whose artifacts may have another name."""
    return {
        "packageId": _package_id(number),
        "draftId": f"draft-bulk-{number:07}",
        "artifacts": [
            {
                "name": f"{name} {index}",
                "url": f"https://files.example.com/{number}/{index}",
                "format": "pdf",
            }
            for index in range(ARTIFACTS)
        ],
    }


def client_id(number: int) -> str:
    """The key of a client with briefs enough for the chain."""
    return f"client-chain-{number:02}"


def _some(size: int) -> list[int]:
    """Numbers of packages from everywhere, as many as there is room for their requests."""
    same_for_every_server = random.Random(1)
    return same_for_every_server.sample(range(size), min(size, _MAX_PACKAGES))


def _package_id(number: int) -> str:
    return f"package-bulk-{number:07}"


def _check_list(page: Json, size: int) -> None:
    _check_count(page, size)
    _check_page(page)


def _check_count(page: Json, size: int) -> None:
    _expect(f"{size} packages or more in all", page["totalCount"] >= size)


def _check_page(page: Json) -> None:
    _expect("a next page", page["pageInfo"]["hasNextPage"])
    _expect(f"{PAGE} packages", len(page["nodes"]) == PAGE)
    for package in page["nodes"]:
        _check_package(package)
        issues = package["draft"]["qcResult"]["issues"]
        positions = [issue["position"] for issue in issues]
        _expect(f"{ISSUES} issues in order", positions == [*range(ISSUES)])


def _check_chain(briefs: Json) -> None:
    for brief in _first_of("briefs", briefs, BRIEFS_PAGE):
        for plan in _first_of("plans", brief["strategyPlans"], PLANS_PAGE):
            _first_of("drafts", plan["drafts"], DRAFTS_PAGE)


def _first_of(what: str, page: Json, size: int) -> list[Json]:
    _expect(f"more {what}", page["pageInfo"]["hasNextPage"])
    _expect(f"{size} {what}", len(page["nodes"]) == size)
    nodes: list[Json] = page["nodes"]
    return nodes


def _check_saved(payload: Json) -> None:
    _expect("no errors", not payload.get("errors"))
    _check_package(payload["deliveryPackage"])


def _check_many(payload: Json, count: int) -> None:
    _expect("no errors", not payload["errors"])
    _expect(f"{count} packages", payload["count"] == len(payload["results"]) == count)
    for result in payload["results"]:
        _check_saved(result)


def _check_package(package: Json) -> None:
    positions = [artifact["position"] for artifact in package["artifacts"]]
    _expect(f"{ARTIFACTS} artifacts in order", positions == [*range(ARTIFACTS)])


def _expect(what: str, is_so: bool) -> None:
    if not is_so:
        raise WrongAnswer(f"expected {what}")
