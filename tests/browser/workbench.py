"""GraphiQL as its users see it: tabs, an editor, a run button, a response."""

import json
import re
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from playwright.sync_api import Locator, Page, expect

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)

FLAGS = (
    "--no-sandbox",  # it is refused to root, who runs the tests in containers
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

_RESPONSE = "() => document.querySelector('.result-window .CodeMirror').CodeMirror.getValue()"
_IS_STORED = """open =>
    JSON.parse(localStorage["aicmo:graphiql:tabState"] ?? "{}").activeTabIndex === open"""


class Workbench:
    """The page, opened; `complaints` is what the browser found wrong with it so far."""

    def __init__(self, page: Page, url: str, screenshots: Path) -> None:
        self.page = page
        self.url = url
        self.complaints: list[str] = []
        self._screenshots = screenshots
        page.on("console", lambda message: self._hear(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self) -> None:
        self.page.goto(self.url)
        expect(self.page.get_by_role("button", name="Execute query")).to_be_visible()

    @property
    def tabs(self) -> list[str]:
        return self.page.get_by_role("tab").all_inner_texts()

    @property
    def open_tab(self) -> Locator:
        return self.page.get_by_role("tab", selected=True).get_by_role("button").first

    @property
    def query(self) -> Locator:
        return self.page.get_by_role("region", name="Query Editor").locator(".CodeMirror")

    @property
    def variables(self) -> Locator:
        return self.page.get_by_role("region", name="Variables")

    @property
    def response(self) -> Locator:
        return self.page.get_by_label("Result Window")

    @property
    def marks(self) -> Locator:
        """The texts that the editors have underlined as wrong."""
        return self.page.locator(".CodeMirror-lint-mark-error, .CodeMirror-lint-mark-warning")

    def switch_to(self, tab: str) -> None:
        self.page.get_by_role("tab").get_by_role("button", name=tab, exact=True).click()
        expect(self.query).to_contain_text(re.compile(rf"(query|mutation|subscription) {tab}\b"))

    def follow_link(self, **parameters: str) -> None:
        """Open the page by a link that has an operation in it."""
        self.page.goto(f"{self.url}?{urlencode(parameters)}")
        expect(self.page.get_by_role("button", name="Execute query")).to_be_visible()

    def write(self, query: str) -> None:
        self.page.get_by_role("button", name="Add tab").click()
        self.query.click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(query)

    def start(self) -> None:
        self.page.get_by_role("button", name="Execute query").click()

    def stop(self) -> None:
        """End what goes on, such as a subscription."""
        self.page.get_by_role("button", name="Stop query").click()

    def run(self) -> Any:
        """The response that the page shows."""
        self.start()
        return json.loads(self.page.wait_for_function(_RESPONSE).json_value())

    def shows(self, text: str) -> bool:
        """Whether the response has this text within half a second."""
        try:
            expect(self.response).to_contain_text(text, timeout=500)
        except AssertionError:
            return False
        return True

    def show(self, button: str, heading: str) -> None:
        self.page.get_by_role("button", name=button).click()
        expect(self.page.get_by_text(heading, exact=True).first).to_be_visible()

    def reload_once_stored(self, open_tab: int) -> None:
        """GraphiQL stores what its tabs are half a second after a change."""
        self.page.wait_for_function(_IS_STORED, arg=open_tab)
        self.page.reload()

    def picture(self, name: str) -> None:
        self.page.screenshot(path=self._screenshots / f"{name}.png")

    def _hear(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(text)
