"""Responses to saves that are known to be small, as they have nothing but what was sent."""

import json
from typing import Any, Final

import pytest

from repositories.unit_of_work import Storage
from schema.context import Context
from schema.encoding import MAX_INLINE_CHARACTERS, BoundedObject, encode, is_small
from schema.execute import GraphQLRequest, execute
from schema.root import CompiledSchema
from tests import builders as build
from tests import inputs

BRIEF: Final = ("submitIntake", "brief { briefId responses }", inputs.submit_intake())
CAMPAIGN: Final = ("saveCampaign", "campaign { name tactics { title } }", inputs.save_campaign())
DRAFT: Final = ("saveDraft", "draft { id __typename body metadata }", inputs.save_draft())
PACKAGE: Final = (
    "saveDeliveryPackage",
    "deliveryPackage { packageId artifacts { __typename name url } }",
    inputs.save_package(),
)
TOO_LONG: Final = "x" * (MAX_INLINE_CHARACTERS + 1)


def document(name: str, fields: str) -> str:
    type_ = f"{name[0].upper()}{name[1:]}Input"
    return (
        f"mutation ($input: {type_}!) {{ {name}(input: $input) {{ {fields} errors {{ code }} }} }}"
    )


def size_of(query: str, variables: Any) -> int:
    """Of the request, with the numbers as short as clients may write them."""
    text = json.dumps({"query": query, "variables": variables}, separators=(",", ":"))
    return len(text.replace("1000000000000000.0", "1e15"))


async def answered(
    schema: CompiledSchema, storage: Storage, request: GraphQLRequest
) -> dict[str, Any]:
    response = await execute(schema, request, Context(storage, build.caller()))
    assert response.errors == []
    data: dict[str, Any] = response.data
    return data


async def saved(
    schema: CompiledSchema, storage: Storage, name: str, fields: str, input: Any
) -> dict[str, Any]:
    """The data of the response to a request whose size is known, as that of a POST request is."""
    query, variables = document(name, fields), {"input": input}
    size = size_of(query, variables)
    return await answered(schema, storage, GraphQLRequest(query, variables, size=size))


def payload_of(data: dict[str, Any]) -> Any:
    [payload] = data.values()
    return payload


def is_bounded(data: dict[str, Any]) -> bool:
    return type(payload_of(data)) is BoundedObject


@pytest.mark.parametrize("save", [BRIEF, CAMPAIGN, DRAFT, PACKAGE], ids=lambda save: save[0])
async def test_a_response_to_a_save_is_bounded_by_the_request(
    schema: CompiledSchema, storage: Storage, save: tuple[str, str, Any]
) -> None:
    data = await saved(schema, storage, *save)

    assert is_bounded(data)
    assert is_small(data)


@pytest.mark.parametrize(
    "metadata",
    [{"numbers": [1e15] * 3_000}, {"text": "é漢😀\n" * 1_000}, {"lists": [[[]] * 400] * 4}],
    ids=lambda metadata: next(iter(metadata)),
)
async def test_no_response_outgrows_its_bound(
    schema: CompiledSchema, storage: Storage, metadata: Any
) -> None:
    name, fields, input = DRAFT

    data = await saved(schema, storage, name, fields, input | {"metadata": metadata})

    assert is_bounded(data)
    assert len(encode(data)) <= payload_of(data).characters


@pytest.mark.parametrize(
    ("again", "times"),
    [
        ("deliveryPackage { a: draftId b: draftId c: packageId }", 2),
        ("a: deliveryPackage { draftId } b: deliveryPackage { draftId }", 2),
        ("deliveryPackage { a: artifacts { name url } b: artifacts { name url } }", 2),
        ("deliveryPackage { artifacts { a: name b: name c: name d: url } }", 3),
        ("deliveryPackage { draftId artifacts { name } }", 1),
    ],
)
async def test_what_is_selected_again_counts_as_often(
    schema: CompiledSchema, storage: Storage, again: str, times: int
) -> None:
    name, _, input = PACKAGE
    query, variables = document(name, again), {"input": input}

    data = await answered(schema, storage, GraphQLRequest(query, variables, size=1_000))

    assert payload_of(data).characters == times * 8 * (1_000 + len(query))


async def test_a_large_text_is_not_bounded(schema: CompiledSchema, storage: Storage) -> None:
    name, fields, input = DRAFT

    data = await saved(schema, storage, name, fields, input | {"body": TOO_LONG})

    assert not is_bounded(data)
    assert not is_small(data)


async def test_a_text_of_a_document_that_is_named_by_its_hash_counts(
    schema: CompiledSchema, storage: Storage
) -> None:
    """Such a document isn't in the request."""
    input = f'strategyId: "s", contentType: "post", title: "t", body: "{TOO_LONG[:150_000]}"'
    query = f"mutation {{ saveDraft(input: {{ {input} }}) {{ draft {{ a: body b: body }} }} }}"

    data = await answered(schema, storage, GraphQLRequest(query, size=100))

    assert not is_bounded(data)
    assert not is_small(data)


async def test_a_request_of_unknown_size_bounds_nothing(
    schema: CompiledSchema, storage: Storage
) -> None:
    name, fields, input = DRAFT
    request = GraphQLRequest(document(name, fields), {"input": input})

    data = await answered(schema, storage, request)

    assert not is_bounded(data)
    assert is_small(data)


async def test_what_was_stored_before_is_not_bounded_by_the_request(
    schema: CompiledSchema, storage: Storage
) -> None:
    name, fields, input = BRIEF
    stored = input | {"responses": {"text": TOO_LONG[:200_000]}}
    await saved(schema, storage, name, fields, stored)

    fields = "brief { a: responses b: responses }"
    data = await saved(schema, storage, "normalizeBrief", fields, inputs.normalize_brief())

    assert not is_bounded(data)
    assert not is_small(data)
