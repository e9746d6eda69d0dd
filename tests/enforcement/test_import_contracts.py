"""Imports go the ways that the contracts allow; each contract breaks when one goes another way."""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONFIGURATION = "pyproject.toml"
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")
VERDICT = re.compile(r"^(?P<name>.+) (?P<verdict>KEPT|BROKEN)\b", re.MULTILINE)

# By contract: a file, and an import that doesn't belong into it.
PLANTED = {
    "Imports go one way through the rooms": ("repositories/criteria.py", "resolvers.deletion"),
    "Execution knows GraphQL, and nothing of the pipeline": (
        "execution/plans.py",
        "domain.entity",
    ),
    "Migrations know only what is kept": ("migrations/runner.py", "resolvers.deletion"),
    "Imports go one way through the rooms of repositories": (
        "repositories/drivers/engine.py",
        "repositories.sql.rows",
    ),
    "Modules are independent in domain": ("domain/qc.py", "domain.delivery"),
    "Modules are independent in repositories": (
        "repositories/qc/contract.py",
        "repositories.delivery.contract",
    ),
    "Modules are independent in resolvers": (
        "resolvers/qc/loaders.py",
        "resolvers.delivery.loaders",
    ),
    "Modules meet in schema only as types, lazily": (
        "schema/qc/mutations.py",
        "schema.delivery.mutations",
    ),
    "Onboarding keeps to its own rooms": ("repositories/onboarding/contract.py", "domain.qc"),
    "Strategy keeps to its own rooms": ("repositories/strategy/contract.py", "domain.qc"),
    "Production keeps to its own rooms": ("resolvers/production/commands.py", "domain.qc"),
    "QC keeps to its own rooms": ("resolvers/qc/commands.py", "repositories.production.contract"),
    "Delivery keeps to its own rooms": ("schema/delivery/queries.py", "resolvers.qc.commands"),
    "Only the registry knows how things are kept": (
        "resolvers/loaders.py",
        "repositories.qc.memory",
    ),
    "Only a module's repository, and migrations, know its tables": (
        "repositories/drivers/engine.py",
        "repositories.qc.tables",
    ),
    "Domain needs nothing but the standard library": ("domain/qc.py", "orjson"),
    "Producers get values, and reach no storage": (
        "orchestration/producers/ports.py",
        "repositories.criteria",
    ),
    "Producers of texts know briefs and checks, and not each other": (
        "orchestration/producers/drafts/links.py",
        "orchestration.producers.strategy.channels",
    ),
    "Texts are parsed and spelled by producers alone": ("server/service.py", "pyphen"),
    "Documents are made by the packager alone": ("orchestration/evaluations.py", "docx"),
    "Requests to others leave from orchestration alone": ("server/service.py", "aiohttp"),
    "Buckets are reached from files alone": ("server/service.py", "obstore"),
    "Databases stay in repositories and migrations": ("resolvers/loaders.py", "sqlalchemy"),
    "Alembic stays in migrations": ("repositories/drivers/engine.py", "alembic"),
    "GraphQL stays in schema and server": ("resolvers/loaders.py", "strawberry"),
    "HTTP, settings and the command line stay in server": ("schema/context.py", "starlette"),
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the rooms to plant violations in."""
    tree = tmp_path_factory.mktemp("tree")
    shutil.copy(ROOT / CONFIGURATION, tree)
    for room in _configured()["root_packages"]:
        for file in (ROOT / room).rglob("*.py"):
            target = tree / file.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
    return tree


def _configured() -> dict[str, list[str]]:
    with (ROOT / CONFIGURATION).open("rb") as file:
        configuration: dict[str, list[str]] = tomllib.load(file)["tool"]["importlinter"]
    return configuration


def _verdicts(tree: Path) -> dict[str, str]:
    """KEPT or BROKEN, by contract."""
    done = subprocess.run(
        [LINT_IMPORTS, "--no-cache"], cwd=tree, capture_output=True, text=True, check=False
    )
    verdicts = {match["name"]: match["verdict"] for match in VERDICT.finditer(done.stdout)}
    assert verdicts, done.stdout + done.stderr
    assert (done.returncode == 0) == ("BROKEN" not in verdicts.values())
    return verdicts


@contextmanager
def _planted(tree: Path, file: str, module: str) -> Iterator[None]:
    path = tree / file
    source = path.read_text()
    path.write_text(f"{source}\nimport {module}\n")
    yield
    path.write_text(source)


def test_every_contract_is_kept() -> None:
    verdicts = _verdicts(ROOT)

    assert set(verdicts.values()) == {"KEPT"}
    assert verdicts.keys() == PLANTED.keys(), "a contract that isn't shown to break"


@pytest.mark.parametrize("contract", PLANTED)
def test_a_contract_breaks_when_it_is_violated(tree: Path, contract: str) -> None:
    file, module = PLANTED[contract]

    with _planted(tree, file, module):
        assert _verdicts(tree)[contract] == "BROKEN"


def test_every_room_is_under_contract() -> None:
    rooms = {
        path.parent.name
        for path in ROOT.glob("*/__init__.py")
        if path.parent.name not in ("tests", "benchmarks")
    }

    assert rooms <= set(_configured()["root_packages"])
