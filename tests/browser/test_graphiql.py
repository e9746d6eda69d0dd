"""GraphiQL at /graphql works in a browser without the internet."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import build_schema
from playwright.sync_api import Browser, BrowserContext, Request, expect

from tests import inputs
from tests.browser.workbench import CHROMIUM, Workbench
from tests.support.graphql import Json, mutation
from tests.support.tabs import names_of_tabs

if CHROMIUM is None:
    pytest.skip(
        "GraphiQL was not tried in a browser: there is no Chromium here. To install it: "
        "apt-get install -y chromium",
        allow_module_level=True,
    )

FOLLOWED = """{
  deliveryPackageChanged(packageId: "package-1") {
    kind
    packageId
    deliveryPackage { revision artifacts { position name } }
  }
}"""
SCHEMA = Path(__file__).parents[2] / "schema" / "schema.graphql"


def test_the_page_opens_with_tabs_for_every_step(graphiql: Workbench) -> None:
    expect(graphiql.page).to_have_title("AICMO · GraphQL")
    expect(graphiql.open_tab).to_have_text("Pipeline")
    assert graphiql.tabs[1:] == names_of_tabs()[1:]
    graphiql.picture("first-visit")


def test_the_first_run_shows_the_demo_data(graphiql: Workbench) -> None:
    packages = graphiql.run()["data"]["deliveryPackages"]

    assert packages["totalCount"] > 0
    assert packages["nodes"][0]["draft"]["strategyPlan"]["brief"]["briefId"]
    graphiql.picture("pipeline")


def test_a_query_of_ones_own_shows_the_demo_data(graphiql: Workbench) -> None:
    graphiql.write("{ briefs(first: 2) { totalCount nodes { briefId stage } } }")

    briefs = graphiql.run()["data"]["briefs"]

    assert briefs["totalCount"] > 0
    assert all(brief["stage"] in {"INTAKE", "NORMALIZED"} for brief in briefs["nodes"])


def test_the_documentation_explains_the_schema(graphiql: Workbench) -> None:
    schema = build_schema(SCHEMA.read_text("utf-8"))
    docs = graphiql.page.get_by_role("region", name="Documentation Explorer")

    graphiql.show("Show Documentation Explorer", heading="Docs")
    docs.get_by_role("link", name="DeliveryPackage", exact=True).click()

    expect(docs).to_contain_text(first_words(schema.type_map["DeliveryPackage"].description))
    expect(docs).to_contain_text("artifacts")
    graphiql.picture("documentation")


def test_the_documentation_begins_with_what_the_schema_is(graphiql: Workbench) -> None:
    schema = build_schema(SCHEMA.read_text("utf-8"))
    docs = graphiql.page.get_by_role("region", name="Documentation Explorer")

    graphiql.show("Show Documentation Explorer", heading="Docs")

    expect(docs).to_contain_text(first_words(schema.description))
    expect(docs).to_contain_text("Start here.")
    graphiql.picture("schema-description")


LINKED = """query First { __typename }

query Second($first: Int) {
  briefs(first: $first) { totalCount nodes { briefId } }
}"""
HOSTILE = "# </script><script>document.title = 'taken'</script><img src=x onerror=alert(1)>"


def operations_sent(graphiql: Workbench) -> list[str]:
    """The requests that the page posts from now on, without introspection."""
    sent: list[str] = []

    def note(request: Request) -> None:
        if request.method == "POST" and "IntrospectionQuery" not in str(request.post_data):
            sent.append(str(request.post_data))

    graphiql.page.on("request", note)
    return sent


@pytest.mark.parametrize("visit", ["first", "second"])
def test_a_link_is_shown_and_run_by_hand_alone(
    context: BrowserContext, server: str, screenshots: Path, visit: str
) -> None:
    graphiql = Workbench(context.new_page(), f"{server}/graphql", screenshots)
    if visit == "second":
        graphiql.open()
        graphiql.switch_to("SaveDraft")
        graphiql.reload_once_stored(graphiql.tabs.index("SaveDraft"))
    sent = operations_sent(graphiql)

    graphiql.follow_link(query=LINKED, variables='{"first":1}', operationName="Second")

    expect(graphiql.query).to_contain_text("query Second")
    expect(graphiql.variables).to_contain_text('"first": 1')
    expect(graphiql.query).to_have_class(re.compile("CodeMirror-focused"))
    expect(graphiql.page).to_have_url(f"{server}/graphql")
    expect(graphiql.open_tab).to_be_in_viewport(ratio=1)
    assert "SaveDraft" in graphiql.tabs
    assert sent == []
    graphiql.picture(f"link-{visit}-visit")

    graphiql.page.keyboard.press("Control+Enter")

    expect(graphiql.response).to_contain_text("totalCount")
    assert len(sent) == 1
    assert graphiql.complaints == []


def test_a_link_can_not_put_anything_but_text_into_the_page(graphiql: Workbench) -> None:
    graphiql.follow_link(query=HOSTILE, variables=HOSTILE, operationName=HOSTILE)

    expect(graphiql.query).to_contain_text(HOSTILE)
    expect(graphiql.variables).to_contain_text(HOSTILE)
    expect(graphiql.page).to_have_title("AICMO · GraphQL")
    expect(graphiql.page.locator("img[src='x']")).to_have_count(0)


def test_the_page_works_with_a_slash_after_its_address(
    context: BrowserContext, server: str, screenshots: Path
) -> None:
    graphiql = Workbench(context.new_page(), f"{server}/graphql/", screenshots)
    graphiql.open()

    assert graphiql.run()["data"]["deliveryPackages"]["totalCount"] > 0
    assert graphiql.complaints == []


def test_no_tab_is_marked_as_wrong(graphiql: Workbench) -> None:
    for tab in graphiql.tabs:
        graphiql.switch_to(tab)
        expect(graphiql.marks).to_have_count(0)


def test_what_is_wrong_is_marked(graphiql: Workbench) -> None:
    graphiql.write("{ briefs { nodes { briefIdd } } }")

    expect(graphiql.marks.first).to_have_text("briefIdd")


def test_the_tabs_take_a_brief_the_whole_way(graphiql: Workbench) -> None:
    steps, [whole_chain, reject, find, _, history] = graphiql.tabs[1:9], graphiql.tabs[9:14]
    for step in steps:
        graphiql.switch_to(step)
        [payload] = graphiql.run()["data"].values()
        assert payload["errors"] == [], step
        graphiql.picture(step)

    graphiql.switch_to(whole_chain)
    brief = graphiql.run()["data"]["brief"]

    graphiql.picture(whole_chain)
    plan = only(brief["strategyPlans"])
    campaign = only(plan["campaigns"])
    draft = only(campaign["drafts"])
    package = only(draft["deliveryPackages"])
    assert brief["stage"] == "NORMALIZED"
    assert plan["approval"] == "APPROVED"
    assert [tactic["position"] for tactic in campaign["tactics"]] == [0, 1, 2]
    assert draft["qcResult"]["passed"]
    assert [artifact["format"] for artifact in package["artifacts"]] == ["html", "txt"]

    graphiql.switch_to(reject)
    saved, rejected = graphiql.run()["data"].values()
    assert saved["errors"] == rejected["errors"] == []
    assert rejected["strategyPlan"]["approval"] == "REJECTED"
    graphiql.picture(reject)

    graphiql.switch_to(find)
    assert graphiql.run()["data"]["qcResults"]["nodes"]
    graphiql.picture(find)

    graphiql.switch_to("ApprovePlan")
    [payload] = graphiql.run()["data"].values()
    assert [error["__typename"] for error in payload["errors"]] == ["InvalidTransitionError"]

    graphiql.switch_to(history)
    found = graphiql.run()["data"]
    assert found["deliveryPackage"]["asOf"]["revision"] == 1
    assert len(found["events"]["nodes"]) == 5
    graphiql.picture(history)


def test_the_tabs_of_webhooks_add_one_and_show_its_deliveries(graphiql: Workbench) -> None:
    graphiql.switch_to("AddWebhook")
    added, tested = graphiql.run()["data"].values()
    graphiql.picture("AddWebhook")
    graphiql.switch_to("WebhookDeliveries")
    found = graphiql.run()["data"]["webhookDeliveries"]
    graphiql.picture("WebhookDeliveries")
    graphiql.switch_to("ReplayWebhooks")
    replayed = graphiql.run()["data"]["replayWebhookDeliveries"]
    graphiql.switch_to("RetryWebhooks")
    retried = graphiql.run()["data"]["retryWebhookDeliveries"]

    assert added["errors"] == tested["errors"] == replayed["errors"] == retried["errors"] == []
    assert added["secret"].startswith("whsec_")
    sent = tested["webhookDelivery"]["deliveryId"]
    assert [delivery["deliveryId"] for delivery in found["nodes"]] == [sent]


@pytest.mark.parametrize("name", ["", "Follow"], ids=["without a name", "with a name"])
def test_a_subscription_shows_what_happens(graphiql: Workbench, server: str, name: str) -> None:
    """Even one that runs right after it was typed, before GraphiQL has read it."""
    graphiql.write(f"subscription {name} {FOLLOWED}")
    graphiql.start()

    for _ in range(20):  # nothing says when the page has begun to follow
        mutate(server, "saveDeliveryPackage", inputs.save_package())
        if graphiql.shows("SAVED"):
            break
    expect(graphiql.response).to_contain_text("cover")
    graphiql.picture("subscription")

    mutate(server, "deleteDeliveryPackage", {"packageId": "package-1"})
    expect(graphiql.response).to_contain_text("DELETED")
    expect(graphiql.response).not_to_contain_text("cover")

    graphiql.stop()
    expect(graphiql.page.get_by_role("button", name="Execute query")).to_be_visible()


def test_a_reload_keeps_tabs_and_variables(graphiql: Workbench) -> None:
    tabs = graphiql.tabs
    graphiql.switch_to("SaveDraft")

    graphiql.reload_once_stored(tabs.index("SaveDraft"))

    expect(graphiql.open_tab).to_have_text("SaveDraft")
    expect(graphiql.variables).to_contain_text("draft-aurora-forecast-1")
    assert graphiql.tabs == tabs


@pytest.mark.parametrize(
    ("button", "heading"),
    [
        ("Show GraphiQL Explorer", "Explorer"),
        ("Show History", "History"),
        ("Open short keys dialog", "Short Keys"),
        ("Open settings dialog", "Settings"),
    ],
)
def test_every_panel_opens(button: str, heading: str, graphiql: Workbench) -> None:
    graphiql.show(button, heading)
    graphiql.picture(heading.replace(" ", "-").lower())


def test_the_page_is_dark_where_the_system_is(graphiql: Workbench) -> None:
    graphiql.page.emulate_media(color_scheme="dark")

    graphiql.switch_to("SavePlan")

    expect(graphiql.query).to_have_css("background-color", "rgb(33, 42, 59)")
    graphiql.picture("dark")


def test_without_scripts_the_page_says_how_to_use_the_api(
    browser: Browser, server: str, screenshots: Path
) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{server}/graphql")

        expect(page.locator("noscript")).to_be_visible()
        assert "This page needs JavaScript" in page.locator("noscript").inner_text()
        expect(page.get_by_text("Loading")).to_be_hidden()
        page.screenshot(path=screenshots / "without-scripts.png")


def test_a_page_that_cannot_start_says_so(context: BrowserContext, server: str) -> None:
    context.route("**/graphiql.min.js", lambda route: route.abort())
    page = context.new_page()
    page.goto(f"{server}/graphql")

    expect(page.get_by_role("status")).to_contain_text("could not start")


def mutate(server: str, name: str, input: Json) -> None:
    """A request of another client."""
    body = {"query": mutation(name), "variables": {"input": input}}
    response = httpx.post(f"{server}/graphql", json=body, verify=False)
    assert response.json()["data"][name]["errors"] == []


def only(connection: Any) -> Any:
    [node] = connection["nodes"]
    return node


def first_words(description: str | None) -> str:
    """The texts as the documentation shows them: with rendered Markdown."""
    assert description
    return re.split(r"[`*_\n]", description)[0].strip()
