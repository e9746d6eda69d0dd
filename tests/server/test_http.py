"""GraphQL over HTTP, by a server as it is run: what is asked, and what is answered.

Whatever is sent, the response is never a status of 500 or above, and nothing unexpected is logged.
"""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests import inputs
from tests.conftest import migrated_database
from tests.support.graphql import mutation
from tests.support.patience import SECONDS
from tests.support.servers import IN_MEMORY, Server, running_server, stored_in

JSON = "application/json"
GRAPHQL_RESPONSE = "application/graphql-response+json"
BODY_BYTES = 300_000

ASK = "{ briefs { totalCount } }"
SUBMIT = mutation("submitIntake")
SYNTAX_ERROR = "{ briefs {"
UNKNOWN_FIELD = "{ nope }"
FAILING_FIELD = "{ briefs(first: -1) { totalCount } }"


@pytest.fixture(scope="module", params=["inmemory", "db"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server in each mode."""
    log = tmp_path_factory.mktemp("server") / "log"
    with ExitStack() as stack:
        settings = IN_MEMORY
        if request.param == "db":
            settings = stored_in(stack.enter_context(migrated_database(request, "sqlite")))
        body_bytes = {"AICMO_BODY_BYTES": str(BODY_BYTES)}
        yield stack.enter_context(running_server({**settings, **body_bytes}, log))
    assert log.read_text() == ""


@pytest.fixture
def http(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=SECONDS) as client:
        yield client


def post(http: httpx.Client, query: str, accept: str | None = None, **more: Any) -> httpx.Response:
    headers = {} if accept is None else {"Accept": accept}
    return http.post("/graphql", json={"query": query, **more}, headers=headers)


def post_raw(
    http: httpx.Client, body: bytes | str, content_type: str | None = JSON, **headers: str
) -> httpx.Response:
    if content_type is not None:
        headers["Content-Type"] = content_type
    return http.post("/graphql", content=body, headers=headers)


def get(http: httpx.Client, accept: str | None = JSON, **parameters: str) -> httpx.Response:
    headers = {} if accept is None else {"Accept": accept}
    return http.get("/graphql", params=parameters, headers=headers)


def refusal(response: httpx.Response, status: int, code: str = "BAD_USER_INPUT") -> str:
    """The message of a response without data."""
    assert response.status_code == status, response.text
    body = response.json()
    assert body.keys() == {"errors"}
    [error] = body["errors"]
    assert error["extensions"]["code"] == code
    message: str = error["message"]
    assert message
    return message


# What is answered


def test_a_query_by_post(http: httpx.Client) -> None:
    response = post(http, "{ __typename }")

    assert response.status_code == 200
    assert response.json() == {"data": {"__typename": "Query"}}


def test_head_is_answered_like_get_without_the_body(http: httpx.Client) -> None:
    response = http.head("/graphql", params={"query": ASK})

    assert response.status_code == 200
    assert response.headers["content-type"] == get(http, query=ASK).headers["content-type"]
    assert response.content == b""


def test_a_query_by_get(http: httpx.Client) -> None:
    response = get(
        http,
        query="query A { a: __typename } query B($id: ID!) { brief(briefId: $id) { id } }",
        operationName="B",
        variables='{"id": "x"}',
    )

    assert response.status_code == 200
    assert response.json() == {"data": {"brief": None}}


def test_a_mutation_by_post(http: httpx.Client) -> None:
    response = post(http, SUBMIT, variables={"input": inputs.submit_intake()})

    assert response.status_code == 200
    assert response.json()["data"]["submitIntake"]["brief"]["briefId"] == "brief-1"


def test_a_mutation_by_get_is_not_allowed_and_not_done(http: httpx.Client) -> None:
    input = json.dumps({"input": inputs.submit_intake(briefId="by-get")})

    response = get(http, query=SUBMIT, variables=input)

    refusal(response, 405)
    assert response.headers["allow"] == "POST"
    assert post(http, '{ brief(briefId: "by-get") { id } }').json() == {"data": {"brief": None}}


def test_of_several_operations_by_get_the_one_that_is_named_decides(http: httpx.Client) -> None:
    document = f"query Read {{ __typename }} {SUBMIT}"
    variables = json.dumps({"input": inputs.submit_intake(briefId="by-get")})

    assert get(http, query=document, operationName="Read").status_code == 200
    refusal(get(http, query=document, operationName="Run", variables=variables), 405)


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (f"{JSON}; charset=utf-8", JSON),
        ("APPLICATION/JSON", JSON),
        (GRAPHQL_RESPONSE, GRAPHQL_RESPONSE),
        (f"{GRAPHQL_RESPONSE}, {JSON}", GRAPHQL_RESPONSE),
        (f"{JSON}, {GRAPHQL_RESPONSE}", GRAPHQL_RESPONSE),
        (f"{GRAPHQL_RESPONSE}; q=0.5, {JSON}", JSON),
        (f"{GRAPHQL_RESPONSE}; q=0, */*", JSON),
        ("text/plain, */*; q=0.1", JSON),
    ],
)
def test_the_media_type_is_the_one_that_the_client_likes_best(
    http: httpx.Client, accept: str | None, answered: str
) -> None:
    by_post = http.build_request("POST", "/graphql", json={"query": ASK})
    by_get = http.build_request("GET", "/graphql", params={"query": ASK})
    for request in (by_post, by_get):
        del request.headers["Accept"]
        if accept is not None:
            request.headers["Accept"] = accept

        response = http.send(request)

        assert response.status_code == 200
        assert response.headers["content-type"] == f"{answered}; charset=utf-8"


@pytest.mark.parametrize("accept", ["text/plain", "image/*", f"{JSON}; charset=latin-1", "x"])
def test_media_types_that_there_are_not(http: httpx.Client, accept: str) -> None:
    assert JSON in refusal(post(http, ASK, accept), 406)
    assert JSON in refusal(get(http, accept, query=ASK), 406)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (SYNTAX_ERROR, "GRAPHQL_PARSE_FAILED"),
        (UNKNOWN_FIELD, "GRAPHQL_VALIDATION_FAILED"),
        ("query($id: ID!) { brief(briefId: $id) { id } }", "BAD_USER_INPUT"),
        ("query A { __typename } query B { __typename }", "BAD_USER_INPUT"),
    ],
)
def test_a_request_that_is_not_executed_is_400_to_those_who_understand_that(
    http: httpx.Client, query: str, code: str
) -> None:
    """Older clients expect 200 with `application/json`, whatever is in it."""
    refusal(post(http, query, GRAPHQL_RESPONSE), 400, code)
    refusal(get(http, GRAPHQL_RESPONSE, query=query), 400, code)
    refusal(post(http, query, JSON), 200, code)
    refusal(get(http, JSON, query=query), 200, code)


@pytest.mark.parametrize("accept", [JSON, GRAPHQL_RESPONSE])
def test_an_error_in_a_field_is_200(http: httpx.Client, accept: str) -> None:
    response = post(http, FAILING_FIELD, accept)

    assert response.status_code == 200
    assert response.json()["data"] is None
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


def test_responses_are_not_to_be_guessed_at_and_depend_on_what_is_accepted(
    http: httpx.Client,
) -> None:
    for response in (post(http, ASK), post(http, SYNTAX_ERROR), post_raw(http, "x")):
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "Accept" in response.headers["vary"]


# What isn't GraphQL


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_not_allowed(http: httpx.Client, method: str) -> None:
    response = http.request(method, "/graphql", json={"query": ASK})

    refusal(response, 405)
    assert {"GET", "POST"} <= set(response.headers["allow"].split(", "))


def nested(levels: int) -> str:
    return '{"a":' * levels + "1" + "}" * levels


MALFORMED: dict[str, bytes | str] = {
    "nothing": b"",
    "null": "null",
    "a list": "[]",
    "a batch": json.dumps([{"query": ASK}]),
    "a text": '"{ __typename }"',
    "a number": "1",
    "true": "true",
    "an empty object": "{}",
    "the query alone": ASK,
    "a cut object": '{"query": "{ __typename }"',
    "more after the object": '{"query": "{ __typename }"} {}',
    "single quotes": "{'query': '{ __typename }'}",
    "a comment": '{"query": "{ __typename }"} // yes',
    "invalid UTF-8": b'{"query": "{ __typename } \xff"}',
    "UTF-16": '{"query": "{ __typename }"}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"query": "{ __typename }"}',
    "NaN": '{"query": "{ __typename }", "variables": {"a": NaN}}',
    "Infinity": '{"query": "{ __typename }", "variables": {"a": Infinity}}',
    "-Infinity": '{"query": "{ __typename }", "variables": {"a": -Infinity}}',
    "an integer of 5,000 digits": '{"query": "{ __typename }", "variables": {"a": '
    + "9" * 5_000
    + "}}",
    "no query": '{"variables": {}}',
    "a query that is null": '{"query": null}',
    "a query that is a list": '{"query": ["{ __typename }"]}',
    "a query that is blank": '{"query": " "}',
    "variables in a list": '{"query": "{ __typename }", "variables": []}',
    "variables in a text": '{"query": "{ __typename }", "variables": "{}"}',
    "a number for the operation": '{"query": "{ __typename }", "operationName": 1}',
    "extensions in a list": '{"query": "{ __typename }", "extensions": []}',
}


@pytest.mark.parametrize("what", MALFORMED)
@pytest.mark.parametrize("accept", [JSON, GRAPHQL_RESPONSE])
def test_a_body_that_is_no_request_is_400(http: httpx.Client, what: str, accept: str) -> None:
    response = post_raw(http, MALFORMED[what], Accept=accept)

    refusal(response, 400)
    assert response.headers["content-type"].startswith(accept)


def test_a_body_of_hostile_depth_is_400(http: httpx.Client) -> None:
    body = '{"query": "{ __typename }", "variables": ' + nested(20_000) + "}"

    refusal(post_raw(http, body), 400, "LIMIT_EXCEEDED")


def test_a_query_of_hostile_depth_is_refused(http: httpx.Client) -> None:
    query = "{ a" * 5_000 + "}" * 5_000

    refusal(post(http, query, GRAPHQL_RESPONSE), 400, "LIMIT_EXCEEDED")


@pytest.mark.parametrize("variables", ["[]", "1", '"x"', "{", "NaN", '{"a": NaN}', "9" * 5_000])
def test_variables_by_get_are_checked_alike(http: httpx.Client, variables: str) -> None:
    refusal(get(http, query=ASK, variables=variables), 400)


@pytest.mark.parametrize("parameters", [{}, {"query": ""}, {"query": " "}, {"variables": "{}"}])
def test_a_get_without_a_query_is_400(http: httpx.Client, parameters: dict[str, str]) -> None:
    refusal(get(http, **parameters), 400)


def test_bytes_in_an_address_that_are_no_text_are_refused(http: httpx.Client) -> None:
    response = http.get(f"/graphql?query={quote(ASK)}%FF", headers={"Accept": GRAPHQL_RESPONSE})

    refusal(response, 400, "GRAPHQL_PARSE_FAILED")


@pytest.mark.parametrize(
    "content_type",
    [
        "application/jsonx",
        "application/json5",
        "application/graphql",
        "text/json",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=latin-1",
        "application/json; charset=utf-16",
        "",
        None,
    ],
)
def test_other_content_types_are_415(http: httpx.Client, content_type: str | None) -> None:
    """Above all those that a page elsewhere may send without asking first."""
    response = post_raw(http, json.dumps({"query": ASK}), content_type)

    refusal(response, 415)
    assert response.headers["accept-post"] == JSON


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        'application/json;charset="UTF-8"',
        "application/json;",
    ],
)
def test_json_may_be_said_in_several_ways(http: httpx.Client, content_type: str) -> None:
    response = post_raw(http, json.dumps({"query": "{ __typename }"}), content_type)

    assert response.json() == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "x"])
def test_compressed_bodies_are_415(http: httpx.Client, encoding: str) -> None:
    response = post_raw(http, b"\x1f\x8b\x08\x00", **{"Content-Encoding": encoding})

    refusal(response, 415)


def of_bytes(size: int) -> str:
    shell = json.dumps({"query": "{ __typename }", "variables": {"a": ""}})
    return shell.replace('""', f'"{"x" * (size - len(shell))}"')


def test_the_largest_body_is_answered(http: httpx.Client) -> None:
    assert post_raw(http, of_bytes(BODY_BYTES)).json() == {"data": {"__typename": "Query"}}


def test_larger_bodies_are_413(http: httpx.Client) -> None:
    message = refusal(post_raw(http, of_bytes(BODY_BYTES + 1)), 413, "LIMIT_EXCEEDED")

    assert f"{BODY_BYTES:,} bytes" in message


def test_a_body_of_unknown_size_is_413_once_it_is_too_large(http: httpx.Client) -> None:
    def pieces() -> Iterator[bytes]:
        yield from (b" " * 50_000 for _ in range(BODY_BYTES // 50_000))
        yield of_bytes(100).encode()

    response = http.post("/graphql", content=pieces(), headers={"Content-Type": JSON})

    refusal(response, 413, "LIMIT_EXCEEDED")


# Text that has no bytes


def test_a_lone_surrogate_in_a_message_is_still_json(http: httpx.Client) -> None:
    document = mutation("recordQcResult")
    input = inputs.record_result(issues=[inputs.issue(severity="\ud800")])

    response = post_raw(http, json.dumps({"query": document, "variables": {"input": input}}))

    message = refusal(response, 200)
    assert "severity" in message
    response.content.decode("utf-8")


@pytest.mark.parametrize(
    "request_",
    [
        {"query": "{ \ud800 }"},
        {"query": "{ __typename }", "operationName": "\ud800"},
        {
            "query": "query($a: Int) { briefs(first: $a) { totalCount } }",
            "variables": {"a": "\ud800"},
        },
        {"query": '{ brief(briefId: "\\ud800") { id } }'},
        {"query": "query($i: ID!) { node(id: $i) { id } }", "variables": {"i": "\ud800"}},
        {"query": '{ briefs(after: "\ud800") { totalCount } }'},
        {"query": "{ __typename }", "variables": {"\ud800": 1}},
        {"query": "{ __typename }", "\ud800": 1},
    ],
    ids=str,
)
def test_lone_surrogates_anywhere_are_answered(http: httpx.Client, request_: Any) -> None:
    response = post_raw(http, json.dumps(request_))

    assert response.status_code == 200
    assert response.json().keys() & {"data", "errors"}


WRONG: dict[str, tuple[str, Any]] = {
    "10^30": ("submitIntake", inputs.submit_intake(responses={"a": 10**30})),
    "NUL": ("submitIntake", inputs.submit_intake(responses={"a\x00": "b\x00"})),
    "lone surrogate": ("submitIntake", inputs.submit_intake(responses={"a": "\ud800"})),
    "blank name": ("saveCampaign", inputs.save_campaign(name=" ")),
    "NUL in text": ("saveDraft", inputs.save_draft(body="\x00")),
    "lone surrogate in a key": ("saveDraft", inputs.save_draft(draftId="\udfff")),
    "score 1.2": ("recordQcResult", inputs.record_result(score=1.2)),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_input_is_answered_by_errors_that_name_the_field(
    http: httpx.Client, what: str
) -> None:
    name, input = WRONG[what]
    body = json.dumps({"query": mutation(name), "variables": {"input": input}})

    response = post_raw(http, body)

    assert response.status_code == 200
    payload = response.json()["data"][name]
    assert {error["code"] for error in payload["errors"]} == {"VALIDATION"}
    assert all(error["path"] for error in payload["errors"])


def test_a_number_that_is_too_large_for_a_float_is_answered_by_its_field(
    http: httpx.Client,
) -> None:
    variables = '{"input": {"clientId": "c", "responses": {"a": [1e999, -1e999]}}}'
    body = f'{{"query": {json.dumps(SUBMIT)}, "variables": {variables}}}'

    payload = post_raw(http, body).json()["data"]["submitIntake"]

    assert [error["path"] for error in payload["errors"]] == [["responses"], ["responses"]]


# Who asks, and for what


def test_a_request_id_is_given_back(http: httpx.Client) -> None:
    headers = {"X-Request-Id": "Order_66.retry-1"}

    for response in (
        http.post("/graphql", json={"query": ASK}, headers=headers),
        http.post("/graphql", content="x", headers=headers),
        http.put("/graphql", headers=headers),
        http.get("/nowhere", headers=headers),
    ):
        assert response.headers["x-request-id"] == "Order_66.retry-1"


@pytest.mark.parametrize("given", [None, "", "two words", "x" * 65, "a/b", "é", "<script>"])
def test_a_request_without_a_harmless_id_gets_one(http: httpx.Client, given: str | None) -> None:
    headers = {} if given is None else {b"X-Request-Id": given.encode("latin-1")}

    ids = [
        http.post("/graphql", json={"query": ASK}, headers=headers).headers["x-request-id"]
        for _ in range(2)
    ]

    assert all(re.fullmatch("[0-9a-f]{32}", id) for id in ids)
    assert ids[0] != ids[1]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ""])
def test_a_foreign_host_is_refused(http: httpx.Client, host: str) -> None:
    """A page elsewhere can let its own name point here, but it can't change what it's called."""
    response = http.post("/graphql", json={"query": ASK}, headers={"Host": host})

    assert response.status_code == 400
    assert "data" not in response.text


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1", "[::1]:8000"])
def test_the_hosts_of_this_machine_are_welcome(http: httpx.Client, host: str) -> None:
    response = http.post("/graphql", json={"query": ASK}, headers={"Host": host})

    assert response.status_code == 200


def test_a_page_elsewhere_may_not_read_responses(http: httpx.Client) -> None:
    response = http.post(
        "/graphql", json={"query": ASK}, headers={"Origin": "https://evil.example"}
    )

    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize("path", ["/nowhere", "/graphql/x", "/health/x", "/.env"])
def test_what_is_not_there_is_404_in_json(http: httpx.Client, path: str) -> None:
    response = http.get(path)

    refusal(response, 404)
    assert response.headers["content-type"] == f"{JSON}; charset=utf-8"


def test_health_is_for_machines(http: httpx.Client) -> None:
    response = http.get("/health")

    assert response.status_code == 200
    assert response.json() == {"status": "ok"}
    assert http.post("/health").status_code == 405


def test_the_address_alone_leads_to_graphql(http: httpx.Client) -> None:
    response = http.get("/")

    assert response.status_code == 307
    assert response.headers["location"] == "graphql"


# Browsers


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def test_a_browser_gets_graphiql(http: httpx.Client) -> None:
    response = get(http, BROWSER)

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "Accept" in response.headers["vary"]
    assert "<title>AICMO" in response.text


def test_whoever_posts_gets_no_page(http: httpx.Client) -> None:
    assert post(http, "{ __typename }", BROWSER).json() == {"data": {"__typename": "Query"}}


def test_what_graphiql_consists_of_is_there(http: httpx.Client) -> None:
    page = get(http, BROWSER).text
    assets = re.findall(r'(?:src|href)="(graphiql/[^"]+)"', page)

    assert assets
    assert {http.get(f"/{asset}").status_code for asset in assets} == {200}


# Connections


def test_a_connection_serves_one_request_after_another(http: httpx.Client) -> None:
    for _ in range(3):
        post_raw(http, "x")
        assert post(http, ASK).status_code == 200


def test_many_at_once_are_answered_each_with_its_own(http: httpx.Client) -> None:
    def ask(number: int) -> Any:
        query = f"{{ a{number}: __typename briefs(first: {number % 100}) {{ totalCount }} }}"
        return post(http, query).json()["data"].keys()

    with ThreadPoolExecutor(8) as threads:
        responses = list(threads.map(ask, range(64)))

    assert responses == [{f"a{number}", "briefs"} for number in range(64)]
