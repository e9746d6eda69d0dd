"""Moments: what is taken, what is refused, and how they are given back."""

import pytest

from tests import inputs
from tests.support.graphql import InProcess, Json, mutation

SUBMIT_LITERAL = """mutation {{
  submitIntake(input: {{ clientId: "c", responses: {{}}, submittedAt: {} }}) {{
    brief {{ submittedAt }} errors {{ path }}
  }}
}}"""


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("2026-03-01T09:30:00Z", "2026-03-01T09:30:00Z"),
        ("2026-03-01T09:30:00+00:00", "2026-03-01T09:30:00Z"),
        ("2026-03-01T09:30:00-00:00", "2026-03-01T09:30:00Z"),
        ("2026-03-01T00:30:00+01:00", "2026-02-28T23:30:00Z"),
        ("2026-03-01T09:30:00-09:45", "2026-03-01T19:15:00Z"),
        ("2026-03-01T09:30:00.123456Z", "2026-03-01T09:30:00.123456Z"),
        ("2026-03-01T09:30:00.1Z", "2026-03-01T09:30:00.100000Z"),
        ("2026-03-01T09:30:00.000000Z", "2026-03-01T09:30:00Z"),
        # Java's and Go's clocks count nanoseconds, .NET's tenths of microseconds.
        ("2026-03-01T09:30:00.1234567Z", "2026-03-01T09:30:00.123456Z"),
        ("2026-03-01T09:30:00.123456789Z", "2026-03-01T09:30:00.123456Z"),
        ("2026-03-01T10:30:00.123456999999+01:00", "2026-03-01T09:30:00.123456Z"),
        ("2026-03-01T09:30:00.000000999Z", "2026-03-01T09:30:00Z"),
        ("2026-03-01T09:30:59.999999999Z", "2026-03-01T09:30:59.999999Z"),
        ("9998-12-31T23:59:59.999999999Z", "9998-12-31T23:59:59.999999Z"),
        (f"2026-03-01T09:30:00.5{'0' * 100_000}Z", "2026-03-01T09:30:00.500000Z"),
        ("2026-03-01t09:30:00z", "2026-03-01T09:30:00Z"),
        ("2026-03-01 09:30:00Z", "2026-03-01T09:30:00Z"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
        ("9998-12-31T23:59:59.999999Z", "9998-12-31T23:59:59.999999Z"),
        ("2024-02-29T12:00:00Z", "2024-02-29T12:00:00Z"),
    ],
    ids=lambda text: text[:40],
)
async def test_a_moment_is_given_back_in_utc_to_the_microsecond(
    api: InProcess, given: str, kept: str
) -> None:
    brief = await api.do("submitIntake", inputs.submit_intake(submittedAt=given))

    assert brief["submittedAt"] == kept
    assert await stored(api) == kept


async def stored(api: InProcess) -> str:
    brief: Json = (await api.ask('{ brief(briefId: "brief-1") { submittedAt } }'))["brief"]
    moment: str = brief["submittedAt"]
    return moment


REFUSED = [
    "2026-03-01T09:30:00",
    "2026-03-01",
    "2026-03-01T09:30Z",
    "2026-03-01T09:30:00.Z",
    "2026-03-01T09:30:00,5Z",
    "2026-03-01T09:30:00.5 Z",
    "2026-03-01T09:30:00.٢٣٤Z",
    "2026-03-01T09:30:00+0100",
    "2026-03-01T09:30:00+25:00",
    "2026-03-01T24:00:00Z",
    "2026-03-01T09:30:60Z",
    "2026-02-29T09:30:00Z",
    "2026-13-01T09:30:00Z",
    "20260301T093000Z",
    "2026-W09-7T09:30:00Z",
    "1969-12-31T23:59:59.999999Z",
    "1969-12-31T23:59:59.9999999999Z",
    "1970-01-01T00:30:00+01:00",
    "9999-01-01T00:00:00Z",
    "9998-12-31T23:59:59-01:00",
    "0001-01-01T00:00:00+14:00",
    "٢٠٢٦-03-01T09:30:00Z",
    "2026-03-01T09:30:00Z\n",
    " 2026-03-01T09:30:00Z",
    "now",
    "",
    1_772_357_400,
    1.5,
    True,
    ["2026-03-01T09:30:00Z"],
    {},
]


@pytest.mark.parametrize("given", REFUSED, ids=repr)
async def test_anything_else_in_a_variable_is_refused_by_the_name_of_its_field(
    api: InProcess, given: object
) -> None:
    error = await api.fail(mutation("submitIntake"), input=inputs.submit_intake(submittedAt=given))

    assert error["code"] == "BAD_USER_INPUT"
    assert "submittedAt" in error["message"]
    assert "DateTime" in error["message"]
    assert (await api.everything())["briefs"]["totalCount"] == 0


@pytest.mark.parametrize(
    "given",
    ['"2026-03-01T09:30:00"', '"2026-03-01"', '"1969-12-31T23:59:59Z"', "1772357400", "NOW", "[]"],
)
async def test_anything_else_as_a_literal_is_refused_at_its_place(
    api: InProcess, given: str
) -> None:
    document = SUBMIT_LITERAL.format(given)

    error = await api.fail(document)

    assert error["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert "DateTime" in error["message"]
    [place] = error["locations"]
    assert place["line"] == 2
    assert (await api.everything())["briefs"]["totalCount"] == 0


async def test_a_literal_is_read_as_a_variable_is(api: InProcess) -> None:
    data = await api.ask(SUBMIT_LITERAL.format('"2026-03-01T00:30:00.123456789+01:00"'))

    assert data["submitIntake"] == {
        "brief": {"submittedAt": "2026-02-28T23:30:00.123456Z"},
        "errors": [],
    }


async def test_filters_compare_moments_whatever_their_offset(api: InProcess) -> None:
    await api.do("submitIntake", inputs.submit_intake(submittedAt="2026-03-01T09:30:00Z"))

    data = await api.ask(
        """query($same: DateTime!, $later: DateTime!) {
          same: briefs(filter: { submittedAt: { eq: $same } }) { totalCount }
          earlier: briefs(filter: { submittedAt: { lt: $later } }) { totalCount }
          later: briefs(filter: { submittedAt: { gte: $later } }) { totalCount }
        }""",
        same="2026-03-01T10:30:00.000000999+01:00",
        later="2026-03-01T09:30:00.000001Z",
    )

    assert {name: found["totalCount"] for name, found in data.items()} == {
        "same": 1,
        "earlier": 1,
        "later": 0,
    }
