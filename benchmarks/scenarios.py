"""What is asked of every server that is measured."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

PAGE = 50
ARTIFACTS = 10
ISSUES = 5


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


def scenarios(size: int) -> tuple[Scenario, ...]:
    """The scenarios for a database that `aicmo seed --size` filled with `size` packages.

    There have to be more than fit on a page.
    """
    numbers = list(range(size))
    random.Random(1).shuffle(numbers)  # the same for every server
    return (
        Scenario(
            "list",
            f"{PAGE} packages, each with artifacts, draft, QC result and its issues; page info "
            "and total count",
            _LIST,
            ({"first": PAGE},),
            lambda data: _check_list(data["deliveryPackages"], size),
        ),
        Scenario(
            "single",
            f"one package with its {ARTIFACTS} artifacts",
            _SINGLE,
            tuple({"packageId": _package_id(number)} for number in numbers),
            lambda data: _check_package(data["deliveryPackage"]),
        ),
        Scenario(
            "save",
            f"a stored package and its {ARTIFACTS} artifacts are replaced",
            _SAVE,
            tuple({"input": _package_input(number)} for number in numbers),
            lambda data: _check_saved(data["saveDeliveryPackage"]),
        ),
    )


_LIST = """
query List($first: Int!) {
  deliveryPackages(first: $first) {
    totalCount
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
  }
}
"""

_SINGLE = """
query Single($packageId: ID!) {
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

_SAVE = """
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


def _package_id(number: int) -> str:
    return f"package-bulk-{number:07}"


def _package_input(number: int) -> Json:
    return {
        "packageId": _package_id(number),
        "draftId": f"draft-bulk-{number:07}",
        "artifacts": [
            {
                "name": f"Artifact {index}",
                "url": f"https://files.example.com/{number}/{index}",
                "format": "pdf",
            }
            for index in range(ARTIFACTS)
        ],
    }


def _check_list(page: Json, size: int) -> None:
    _expect(f"{size} packages or more in all", page["totalCount"] >= size)
    _expect("a next page", page["pageInfo"]["hasNextPage"])
    _expect(f"{PAGE} packages", len(page["nodes"]) == PAGE)
    for package in page["nodes"]:
        _check_package(package)
        issues = package["draft"]["qcResult"]["issues"]
        positions = [issue["position"] for issue in issues]
        _expect(f"{ISSUES} issues in order", positions == [*range(ISSUES)])


def _check_saved(payload: Json) -> None:
    _expect("no errors", payload["errors"] == [])
    _check_package(payload["deliveryPackage"])


def _check_package(package: Json) -> None:
    positions = [artifact["position"] for artifact in package["artifacts"]]
    _expect(f"{ARTIFACTS} artifacts in order", positions == [*range(ARTIFACTS)])


def _expect(what: str, is_so: bool) -> None:
    if not is_so:
        raise WrongAnswer(f"expected {what}")
