"""A real browser with a real server, and without any other: the network ends at the server."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Route, expect, sync_playwright

from tests.browser.workbench import CHROMIUM, FLAGS, Workbench
from tests.support.patience import SECONDS
from tests.support.servers import IN_MEMORY, running_server

expect.set_options(timeout=SECONDS * 1_000)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with the demo agency, as a user starts it."""
    log = tmp_path_factory.mktemp("server") / "log"
    settings = {**IN_MEMORY, "AICMO_WEBHOOK_CONCURRENCY": "0"}  # nothing leaves this machine
    with running_server(settings, log, "--demo") as server:
        yield server.url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser, server: str) -> Iterator[BrowserContext]:
    """A browser that was never used before. Whoever asks another origin for something fails."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(SECONDS * 1_000)
    strangers: list[str] = []

    def let_through(route: Route) -> None:
        if route.request.url.startswith(f"{server}/"):
            route.continue_()
        else:
            strangers.append(route.request.url)
            route.abort()

    context.route("**/*", let_through)
    yield context
    context.close()
    assert strangers == []


@pytest.fixture
def screenshots(tmp_path: Path) -> Path:
    """Where pictures go: for people to look at, nothing compares them."""
    folder = Path(os.environ.get("GRAPHIQL_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def graphiql(context: BrowserContext, server: str, screenshots: Path) -> Iterator[Workbench]:
    """The page, open. A message in the browser's console fails the test, whatever it tests."""
    workbench = Workbench(context.new_page(), f"{server}/graphql", screenshots)
    workbench.open()
    yield workbench
    assert workbench.complaints == []
