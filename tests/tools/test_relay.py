"""Relay: its compiler takes the schema, and its runtime pages, refetches and changes by it."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from schema.export import SCHEMA_FILE
from tests.support.patience import SECONDS
from tests.support.servers import IN_MEMORY, OverHttp, running_server
from tests.tools import FOLDER, node_tools

CONFIG = {
    "src": "./src",
    "artifactDirectory": "./artifacts",
    "schema": "./schema.graphql",
    "language": "javascript",
    "customScalarTypes": {
        "ByteCount": "number",
        "DateTime": "string",
        "JSON": "{[key: string]: mixed}",
        "JSONValue": "mixed",
        "Scope": "string",
    },
}


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiler's output for the files in `relay`."""
    folder = tmp_path_factory.mktemp("relay")
    shutil.copytree(FOLDER / "relay", folder / "src")
    shutil.copy(SCHEMA_FILE, folder)
    (folder / "artifacts").mkdir()
    (folder / "relay.config.json").write_text(json.dumps(CONFIG))
    node_tools().tool("relay-compiler", "relay.config.json", "--noWatchman", folder=folder)
    return folder / "artifacts"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_server(IN_MEMORY, tmp_path_factory.mktemp("relay-server") / "log") as server:
        yield server.graphql_url


@pytest.fixture
async def seen(artifacts: Path, url: str) -> Any:
    """The output of relay_client.mjs, step by step."""
    async with httpx.AsyncClient(timeout=SECONDS) as http:
        api = OverHttp(http, url)
        for number in range(3):
            await api.do("saveDeliveryPackage", {"packageId": f"p{number}", "draftId": "d"})
            plan = {"briefId": "b", "executiveSummary": "Short.", "timeline": {"durationWeeks": 1}}
            await api.do("saveStrategyPlan", plan)
        await api.do("submitIntake", {"briefId": "b", "clientId": "c", "responses": {}})
    return json.loads(node_tools().run("relay_client.mjs", url, artifacts, "d", "b"))


def test_the_compiler_makes_all_queries(artifacts: Path) -> None:
    assert {file.name.removesuffix(".graphql.js") for file in artifacts.iterdir()} == {
        "briefPlansPaginationQuery",
        "briefQuery",
        "brief_plans",
        "changesDeleteMutation",
        "changesFollowSubscription",
        "changesSaveMutation",
        "packagesPaginationQuery",
        "packagesQuery",
        "packagesRowRefetchQuery",
        "packages_list",
        "packages_row",
    }


def test_the_store_gathers_pages_and_keeps_up_with_changes(seen: Any) -> None:
    assert seen == {
        "firstPage": ["p2", "p1"],
        "bothPages": ["p2", "p1", "p0"],
        "latestPlan": [3],
        "allPlans": [1, 2, 3],
        "refetched": True,
        "afterSaving": ["new", "p2", "p1", "p0"],
        "afterDeleting": ["p2", "p1", "p0"],
    }
