"""The servers that are measured."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import psutil

from benchmarks.databases import AICMO, Database, Kind, own
from benchmarks.scenarios import BULK, EVENTS, LIST, LOGGED_SAVE, SMALL, Scenario
from benchmarks.servers.serving import DATABASE_URL, GRAPHQL_CORE, POOL_SIZE, STATEMENTS
from server.settings import Settings
from tests.support import patience
from tests.support.node import NODE, NODE_SETTINGS, NodeProject

OURS: Final = "AICMO"
UNCOMPILED: Final = "AICMO, not compiled"
BEFORE: Final = "the build before"
PLAIN: Final = "plain Strawberry"
MERCURIUS: Final = "mercurius + jit"
POSTGRAPHILE: Final = "PostGraphile 5"
LIMIT: Final = "one statement"

CONNECTIONS: Final[int] = Settings.model_fields["pool_size"].default
"""How many connections every server has to its database: as many as ours unless it's told."""

NODE_PROJECT: Final = NodeProject(Path(__file__).with_name("node"))

_ADDRESS = re.compile(r"http://\S+/graphql")

Command = Sequence[str | Path]


@dataclass(frozen=True, slots=True)
class Checkout:
    """The folder of another build, with its own environment."""

    folder: Path

    @property
    def program(self) -> Path:
        return self._binaries / "aicmo"

    def revision(self) -> str:
        """The newest revision of the database's schema that it knows."""
        command: Command = [self._binaries / "alembic", "heads"]
        return subprocess.check_output(command, cwd=self.folder, text=True).split()[0]

    @property
    def _binaries(self) -> Path:
        return self.folder.resolve() / ".venv" / "bin"


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers: at `address`, by `process` and its children."""

    address: str
    process: psutil.Process


Start = Callable[[Database], AbstractContextManager[Running]]
Speaks = Callable[[Scenario], Scenario | None]


def as_it_is(scenario: Scenario) -> Scenario:
    return scenario


@dataclass(frozen=True, slots=True)
class Contender:
    """A server on a database.

    `start` starts it and, at the end of the context, stops it. `speaks` says a scenario in the
    words of its schema, or None where it has none for it. `counted` names what it has to count once
    for each request: that makes it what its name says. One that `may_lack` scenarios is left out of
    those that it can't answer.
    """

    name: str
    database: Database
    start: Start
    speaks: Speaks = field(default=as_it_is)
    counted: str | None = None
    may_lack: bool = False


def contenders(database: Database) -> tuple[Contender, ...]:
    """All that there are for this kind of database."""
    everywhere = (
        Contender(OURS, database, aicmo),
        Contender(UNCOMPILED, database, partial(_in_python, "uncompiled"), counted=GRAPHQL_CORE),
        Contender(
            PLAIN,
            database,
            partial(_in_python, "plain_strawberry"),
            _without_a_log,
            counted=GRAPHQL_CORE,
        ),
    )
    if database.kind is Kind.SQLITE:
        return everywhere
    return (
        *everywhere,
        Contender(
            MERCURIUS,
            database,
            partial(on_node, "mercurius.mjs"),
            _with_its_log,
            counted="operations that graphql-jit executed",
        ),
        Contender(
            POSTGRAPHILE,
            database,
            partial(on_node, "postgraphile.mjs"),
            _in_its_words,
            counted="operations that PostGraphile 5 executed",
        ),
        Contender(
            LIMIT,
            database,
            partial(_in_python, "one_statement"),
            _if_it_knows_it,
            counted=STATEMENTS,
        ),
    )


def before(database: Database, checkout: Checkout) -> Contender:
    """The server of another checkout, on a database that is at its revision."""
    return Contender(BEFORE, database, partial(aicmo, program=checkout.program), may_lack=True)


def started(stack: ExitStack, contenders: Sequence[Contender]) -> list[tuple[Contender, Running]]:
    """Start them side by side; they run as long as the stack isn't closed."""
    with ThreadPoolExecutor() as threads:
        running = threads.map(lambda contender: stack.enter_context(_alone(contender)), contenders)
        return [*zip(contenders, running, strict=True)]


@contextmanager
def _alone(contender: Contender) -> Iterator[Running]:
    with own(contender.database) as database, contender.start(database) as running:
        yield running


_DEFAULTS: Final[Mapping[str, str]] = {}


@contextmanager
def aicmo(
    database: Database,
    pool_size: int = CONNECTIONS,
    program: Path = AICMO,
    settings: Mapping[str, str] = _DEFAULTS,
) -> Iterator[Running]:
    """Our server, as users start it: one process, nothing set but the database and `settings`."""
    environment = {**database.environment, "AICMO_POOL_SIZE": str(pool_size), **settings}
    with _started([program, "serve", "--port", "0"], environment) as running:
        yield running


@contextmanager
def _in_python(module: str, database: Database) -> Iterator[Running]:
    command = [sys.executable, "-m", f"benchmarks.servers.{module}"]
    with _started(command, _environment(database)) as running:
        yield running


@contextmanager
def on_node(script: str, database: Database) -> Iterator[Running]:
    environment = NODE_SETTINGS | {"NODE_ENV": "production", "GRAPHILE_ENV": "production"}
    command = [NODE, NODE_PROJECT.folder / script]
    with _started(command, _environment(database) | environment) as running:
        yield running


def _environment(database: Database) -> dict[str, str]:
    return database.environment | {DATABASE_URL: database.url, POOL_SIZE: str(CONNECTIONS)}


@contextmanager
def _started(command: Command, environment: Mapping[str, str]) -> Iterator[Running]:
    with TemporaryDirectory() as folder, (log := Path(folder) / "log").open("wb") as output:
        process = subprocess.Popen(
            command, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            yield Running(_address(process, log), psutil.Process(process.pid))
        finally:
            process.terminate()
            process.wait()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """The address that the server prints once it listens."""
    deadline = time.monotonic() + patience.SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if found := _ADDRESS.search(log.read_text("utf-8")):
            return found[0]
        time.sleep(0.02)
    raise RuntimeError(f"the server did not start:\n{log.read_text('utf-8')}")


def _if_it_knows_it(scenario: Scenario) -> Scenario | None:
    return scenario if scenario.query in (LIST, SMALL) else None


_POSTGRAPHILE = {
    "list": """
query List($first: Int!) {
  deliveryPackages: allDeliveryPackages(
    first: $first, orderBy: [CREATED_AT_DESC, PACKAGE_ID_ASC]
  ) {
    totalCount
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    nodes {
      packageId
      revision
      createdAt
      updatedAt
      artifacts: deliveryArtifactsByPackageIdList(orderBy: POSITION_ASC) {
        position name url format
      }
      draft: productionDraftByDraftId {
        draftId
        contentType
        title
        qcResult: qcResultByDraftId {
          resultId
          passed
          score
          evaluatedAt
          issues: qcIssuesByResultIdList(orderBy: POSITION_ASC) {
            position severity section reason
          }
        }
      }
    }
  }
}
""",
    "small": """
query Small($packageId: String!) {
  deliveryPackage: deliveryPackageByPackageId(packageId: $packageId) {
    packageId
    draftId
    revision
    createdAt
    updatedAt
    artifacts: deliveryArtifactsByPackageIdList(orderBy: POSITION_ASC) {
      position name url format
    }
  }
}
""",
    "save": """
mutation Save($input: ApiSaveDeliveryPackageInput!) {
  saveDeliveryPackage: apiSaveDeliveryPackage(input: $input) {
    deliveryPackage: result {
      packageId
      revision
      updatedAt
      artifacts: deliveryArtifactsByPackageIdList(orderBy: POSITION_ASC) {
        position name url format
      }
    }
  }
}
""",
    "chain": """
query Chain($clientId: String!, $briefs: Int!, $plans: Int!, $drafts: Int!) {
  briefs: allOnboardingForms(
    first: $briefs
    condition: { clientId: $clientId }
    orderBy: [CREATED_AT_DESC, BRIEF_ID_ASC]
  ) {
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    nodes {
      briefId
      stage
      createdAt
      strategyPlans: strategyPlansByBriefId(
        first: $plans, orderBy: [CREATED_AT_DESC, STRATEGY_ID_ASC]
      ) {
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        nodes {
          strategyId
          version
          executiveSummary
          createdAt
          drafts: productionDraftsByStrategyId(
            first: $drafts, orderBy: [CREATED_AT_DESC, DRAFT_ID_ASC]
          ) {
            pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
            nodes { draftId contentType title createdAt }
          }
        }
      }
    }
  }
}
""",
}


def _in_its_words(scenario: Scenario) -> Scenario | None:
    """PostGraphile's schema is that of the tables; aliases give its answers our names."""
    query = _POSTGRAPHILE.get(scenario.name)
    return None if query is None else replace(scenario, query=query)


def _without_a_log(scenario: Scenario) -> Scenario | None:
    return None if scenario.name in (BULK, EVENTS) else scenario


def _with_its_log(scenario: Scenario) -> Scenario:
    """Mercurius writes its log by a mutation of its own, and none where the others have none."""
    return replace(scenario, query=LOGGED_SAVE) if scenario.name == EVENTS else scenario
