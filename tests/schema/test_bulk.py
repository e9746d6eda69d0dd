"""Bulks, as clients send them and read what became of each row."""

from dataclasses import dataclass
from typing import Any

import pytest

from schema.execute import ExecutableOperation, GraphQLRequest, parse_and_validate
from schema.root import CompiledSchema
from tests import inputs
from tests.schema.types_under_test import DRAFT, PACKAGE, RESULT, TypeUnderTest
from tests.support.graphql import ENTITIES, ERRORS, InProcess, Json


@dataclass(frozen=True, slots=True)
class Bulk:
    """A mutation that carries out many commands, and the type that it saves."""

    name: str
    entity_type: TypeUnderTest

    @property
    def document(self) -> str:
        entity = self.entity_type.name
        return (
            f"mutation Run($input: {self.name[0].upper()}{self.name[1:]}Input!) "
            f"{{ {self.name}(input: $input) {{ count {ERRORS} "
            f"results {{ {entity} {{ {ENTITIES[entity]} }} {ERRORS} }} }} }}"
        )

    async def send(self, api: InProcess, *rows: Json, policy: str | None = None) -> Json:
        """The payload."""
        input = {"rows": list(rows), "errorPolicy": policy}
        payload: Json = (await api.ask(self.document, input=input))[self.name]
        return payload


BULKS = (
    Bulk("saveDrafts", DRAFT),
    Bulk("recordQcResults", RESULT),
    Bulk("saveDeliveryPackages", PACKAGE),
)
SAVE_PACKAGES = BULKS[-1]

every_bulk = pytest.mark.parametrize("bulk", BULKS, ids=[bulk.name for bulk in BULKS])

REJECTED = {
    "__typename": "RejectedError",
    "code": "REJECTED",
    "message": "Another row was refused, so nothing was stored.",
    "path": [],
}


@every_bulk
async def test_each_row_has_the_payload_of_a_single_save(api: InProcess, bulk: Bulk) -> None:
    entity = bulk.entity_type.name
    stored = await bulk.entity_type.put(api, "stored")

    payload = await bulk.send(api, *map(bulk.entity_type.input_for, ("b", "stored", "a")))

    assert (payload["count"], payload["errors"]) == (3, [])
    for result, key in zip(payload["results"], ("b", "stored", "a"), strict=True):
        assert result["errors"] == []
        assert result[entity] == await bulk.entity_type.get(api, key)
    assert payload["results"][1][entity] == stored | {"revision": 2}


@every_bulk
async def test_one_wrong_row_rejects_everything_unless_it_is_told_otherwise(
    api: InProcess, bulk: Bulk
) -> None:
    rows = [
        bulk.entity_type.input_for("fine"),
        bulk.entity_type.input_for("wrong", expectedRevision=7),
    ]
    refusal = {
        "__typename": "RevisionConflictError",
        "code": "REVISION_CONFLICT",
        "message": "Expected revision 7, but the stored revision is 0.",
        "path": ["expectedRevision"],
        "expectedRevision": 7,
        "actualRevision": 0,
    }

    payload = await bulk.send(api, *rows)

    assert payload["count"] == 0
    assert payload["errors"] == [
        REJECTED | {"message": "1 of 2 rows were refused, so nothing was stored."}
    ]
    assert [row["errors"] for row in payload["results"]] == [[REJECTED], [refusal]]
    assert [row[bulk.entity_type.name] for row in payload["results"]] == [None, None]
    assert await bulk.entity_type.get(api, "fine") is None

    payload = await bulk.send(api, *rows, policy="REJECT_FAILED_ROWS")

    assert (payload["count"], payload["errors"]) == (1, [])
    assert [row["errors"] for row in payload["results"]] == [[], [refusal]]
    assert payload["results"][0][bulk.entity_type.name] == await bulk.entity_type.get(api, "fine")
    assert payload["results"][1][bulk.entity_type.name] is None


async def test_the_path_of_an_error_begins_within_the_row(api: InProcess) -> None:
    wrong = inputs.save_package(artifacts=[inputs.artifact(), inputs.artifact(url="nowhere")])

    payload = await SAVE_PACKAGES.send(api, inputs.save_package(packageId="other"), wrong)

    assert [it["path"] for it in payload["results"][1]["errors"]] == [["artifacts", "1", "url"]]


@every_bulk
async def test_rows_about_the_same_entity_are_refused(api: InProcess, bulk: Bulk) -> None:
    rows = [bulk.entity_type.input_for(key) for key in ("same", "other", "same")]

    payload = await bulk.send(api, *rows, policy="REJECT_FAILED_ROWS")

    assert payload["count"] == 1
    for row in (payload["results"][0], payload["results"][2]):
        assert {"path": [bulk.entity_type.key]}.items() <= row["errors"][0].items()
        assert row["errors"][0]["message"] == f"{bulk.entity_type.key}: another row has the same."


@every_bulk
async def test_too_many_rows_are_refused_as_a_whole(api: InProcess, bulk: Bulk) -> None:
    payload = await bulk.send(api, *[bulk.entity_type.input_for(f"key {n}") for n in range(201)])

    assert payload == {
        "count": 0,
        "errors": [
            {
                "__typename": "ValidationError",
                "code": "VALIDATION",
                "message": "rows: must have at most 200 items, not 201.",
                "path": ["rows"],
            }
        ],
        "results": [],
    }
    assert await bulk.entity_type.get(api, "key 0") is None


async def test_what_else_is_selected_of_the_entities_is_read_after_the_save(
    api: InProcess,
) -> None:
    await api.do("saveDraft", inputs.save_draft())

    document = """
        mutation Run($input: SaveDeliveryPackagesInput!) {
          saveDeliveryPackages(input: $input) {
            __typename
            all: results { __typename deliveryPackage { packageId draft { title } } }
            again: results { deliveryPackage { artifacts { name } deliveryPackageId: packageId } }
            stored: count
          }
        }
    """
    rows = [inputs.save_package(packageId=key) for key in "ab"]
    payload = (await api.ask(document, input={"rows": rows}))["saveDeliveryPackages"]

    artifacts = [{"name": "article"}, {"name": "cover"}]
    assert payload == {
        "__typename": "SaveDeliveryPackagesPayload",
        "all": [
            {
                "__typename": "SaveDeliveryPackagePayload",
                "deliveryPackage": {"packageId": key, "draft": {"title": "Why sourdough"}},
            }
            for key in "ab"
        ],
        "again": [
            {"deliveryPackage": {"artifacts": artifacts, "deliveryPackageId": key}} for key in "ab"
        ],
        "stored": 2,
    }


async def test_the_response_has_its_fields_in_the_order_in_which_they_are_selected(
    api: InProcess,
) -> None:
    document = """
        mutation Run($input: SaveDeliveryPackagesInput!) {
          saveDeliveryPackages(input: $input) {
            results { errors { code } deliveryPackage { revision packageId } } errors { code } count
          }
        }
    """
    payload = (await api.ask(document, input={"rows": [inputs.save_package()]}))[
        "saveDeliveryPackages"
    ]

    assert [*payload] == ["results", "errors", "count"]
    assert [*payload["results"][0]] == ["errors", "deliveryPackage"]
    assert [*payload["results"][0]["deliveryPackage"]] == ["revision", "packageId"]


# What it costs


def cost(schema: CompiledSchema, document: str, variables: Json | None = None) -> int:
    operation = parse_and_validate(schema, GraphQLRequest(document, variables))
    assert isinstance(operation, ExecutableOperation)
    return operation.cost


SELECTED = "{ results { deliveryPackage { packageId artifacts { name } } } }"
SINGLE = "{ deliveryPackage { packageId artifacts { name } } }"


def test_a_bulk_costs_what_its_rows_cost_one_by_one(schema: CompiledSchema) -> None:
    bulk = (
        "mutation($input: SaveDeliveryPackagesInput!)"
        f" {{ saveDeliveryPackages(input: $input) {SELECTED} }}"
    )
    single = (
        "mutation($input: SaveDeliveryPackageInput!)"
        f" {{ saveDeliveryPackage(input: $input) {SINGLE} }}"
    )
    row = inputs.save_package()

    of_one = cost(schema, single, {"input": row})
    costs = [cost(schema, bulk, {"input": {"rows": [row] * n}}) for n in (0, 1, 10, 200)]

    assert costs == [1, 1 + of_one, 1 + 10 * of_one, 1 + 200 * of_one]


def test_rows_cost_the_same_wherever_they_stand(schema: CompiledSchema) -> None:
    row = '{packageId: "a", draftId: "b"}'
    literal = f"mutation {{ saveDeliveryPackages(input: {{rows: [{row}, {row}]}}) {SELECTED} }}"
    single = f"mutation {{ saveDeliveryPackages(input: {{rows: {row}}}) {SELECTED} }}"
    in_variable = (
        "mutation($rows: [SaveDeliveryPackageInput!]!)"
        f" {{ saveDeliveryPackages(input: {{rows: $rows}}) {SELECTED} }}"
    )
    by_default = (
        f"mutation($input: SaveDeliveryPackagesInput = {{rows: [{row}]}})"
        f" {{ saveDeliveryPackages(input: $input) {SELECTED} }}"
    ).replace("Input =", "Input! =")
    rows: list[Any] = [inputs.save_package()] * 2

    of_two = cost(schema, literal)
    assert cost(schema, in_variable, {"rows": rows}) == of_two
    of_one = cost(schema, single)
    assert cost(schema, in_variable, {"rows": rows[0]}) == of_one
    assert cost(schema, by_default) == of_one
    assert of_two - 1 == 2 * (of_one - 1)


def test_rows_cost_something_though_nothing_of_them_is_selected(schema: CompiledSchema) -> None:
    document = (
        "mutation($input: SaveDraftsInput!)"
        " { a: saveDrafts(input: $input) { count } b: saveDrafts(input: $input) { count } }"
    )

    assert cost(schema, document, {"input": {"rows": [inputs.save_draft()] * 150}}) == 302


async def test_bulks_that_cost_too_much_are_refused_before_anything_is_stored(
    api: InProcess,
) -> None:
    aliases = " ".join(f"m{n}: saveDeliveryPackages(input: $input) {SELECTED}" for n in range(20))
    document = f"mutation($input: SaveDeliveryPackagesInput!) {{ {aliases} }}"
    rows = [inputs.save_package(packageId=f"key {n}") for n in range(200)]

    error = await api.fail(document, input={"rows": rows})

    assert (error["code"], error["extensions"]["limit"]) == ("LIMIT_EXCEEDED", "cost")
    assert error["extensions"]["amount"] == 20 * (1 + 200 * 12)
    assert await PACKAGE.get(api, "key 0") is None
