"""A deduplicated document is valid exactly when the whole document is."""

import re

import pytest
from graphql import DocumentNode, parse, print_ast, validate
from hypothesis import given, settings
from hypothesis import strategies as some

from schema.deduplication import MIN_ALIASES, deduplicated
from schema.reads import reads_of
from schema.root import create_schema

SCHEMA = create_schema()


def fields_in(document: DocumentNode) -> int:
    return len(re.findall(r"\w+: draft|\w+: briefs", print_ast(document)))


def of(text: str) -> DocumentNode:
    return deduplicated(parse(text), text)


def aliased(field: str, count: int = 20) -> str:
    return " ".join(f"a{number}: {field.replace('#', str(number))}" for number in range(count))


def errors_of(document: DocumentNode) -> list[str]:
    return [error.message for error in SCHEMA.documents._errors(document)]


ALIKE = {
    "nothing else": "draft(draftId: 1) { title }",
    "texts": 'draft(draftId: "draft-#") { title }',
    "numbers": "briefs(first: #) { nodes { briefId } }",
    "both within an input": 'briefs(filter: { briefId: { ne: "#" } }) { totalCount }',
    "a fragment": 'draft(draftId: "#") { ...It }',
}


@pytest.mark.parametrize("field", ALIKE.values(), ids=ALIKE)
def test_of_what_is_alike_but_for_its_alias_one_is_left(field: str) -> None:
    text = f"{{ {aliased(field)} }} fragment It on Draft {{ title }}"

    assert fields_in(of(text)) == 1


DIFFERENT = {
    "fields": "draft(draftId: 1) { t#: title }",
    "variables": "draft(draftId: $v#) { title }",
    "directives": 'draft(draftId: "1") @include(if: $v#) { title }',
    "enums": "briefs(orderBy: { field: E#, direction: ASC }) { totalCount }",
    "times": 'briefs(filter: { createdAt: { gt: "#-01-01" } }) { totalCount }',
    "large numbers": "briefs(first: 1234567890#) { totalCount }",
    "fractions": "briefs(first: 1.#) { totalCount }",
}


@pytest.mark.parametrize("field", DIFFERENT.values(), ids=DIFFERENT)
def test_what_differs_in_anything_else_is_left(field: str) -> None:
    fields = " ".join(
        f"a{number}: {field.replace('#', str(number))}" for number in range(1_000, 1_020)
    )

    assert fields_in(of(f"{{ {fields} }}")) == 20


@pytest.mark.parametrize("mark", [r'"\""', '"""#"""', "# a comment\n"])
def test_a_text_that_might_be_misread_is_left_as_it_is(mark: str) -> None:
    comment = mark if mark.startswith("#") else ""
    value = '"1"' if comment else mark
    document = parse(text := f"{{ {comment} {aliased(f'draft(draftId: {value}) {{ title }}')} }}")

    assert deduplicated(document, text) is document


def test_a_few_aliases_are_not_looked_at() -> None:
    fields = aliased("draft(draftId: 1) { title }", MIN_ALIASES - 2)
    document = parse(text := f"{{ {fields} }}")

    assert deduplicated(document, text) is document


def test_an_alias_that_stands_twice_is_left_to_contradict_itself() -> None:
    text = (
        f"{{ {aliased('briefs(first: #) { totalCount }')} a7: briefs(first: 70) {{ totalCount }} }}"
    )

    assert errors_of(of(text)) == errors_of(parse(text))
    assert "differing arguments" in errors_of(of(text))[0]


def test_a_subscription_has_as_many_fields_as_it_has() -> None:
    field = 'deliveryPackageChanged(packageId: "1") { packageId }'
    text = f"subscription {{ {aliased(field)} }}"

    assert errors_of(of(text))


def test_all_that_is_wrong_is_told_with_its_place() -> None:
    text = f"{{ {aliased('draft(draftId: 1) { nothing }')} }}"

    document = SCHEMA.documents.parse_and_validate(text)

    assert len(document.errors) == 20
    assert [error.locations[0].column for error in document.errors if error.locations] == [
        found.start() + 1 for found in re.finditer("nothing", text)
    ]


# Any document

VALUES = ['"1"', '"b"', "1", "2", "-3", "1.5", "null", "$v", "$w", "ASC", '"2024-01-01T00:00:00Z"']
SELECTED = ["title", "x: title", "x: body", "nothing", "...It", "...Other", "qcResult { score }"]


@some.composite
def fields(draw: some.DrawFn) -> str:
    value = draw(some.sampled_from(VALUES))
    field = draw(
        some.sampled_from(
            [
                f"draft(draftId: {value})",
                f"drafts(first: {value}) {{ nodes",
                f"drafts(filter: {{ createdAt: {{ gt: {value} }} }}) {{ nodes",
                f"drafts(filter: {{ title: {{ ne: {value} }} }}) @include(if: {value}) {{ nodes",
            ]
        )
    )
    selected = " ".join(draw(some.lists(some.sampled_from(SELECTED), min_size=1, max_size=2)))
    return f"{field} {{ {selected} }}" + " }" * field.count("{ nodes")


@some.composite
def texts(draw: some.DrawFn) -> str:
    pool = draw(some.lists(fields(), min_size=1, max_size=3))
    chosen = draw(some.lists(some.sampled_from(pool), min_size=8, max_size=14))
    aliases = draw(
        some.lists(some.integers(0, 30), min_size=len(chosen), max_size=len(chosen), unique=False)
    )
    root = " ".join(f"a{alias}: {field}" for alias, field in zip(aliases, chosen, strict=True))
    variables = draw(some.sampled_from(["", "($v: ID!)", "($v: ID!, $w: Int)", "($w: Boolean!)"]))
    return (
        # An unused fragment would make most documents invalid.
        f'query{variables} {{ {root} used: draft(draftId: "1") {{ ...It }} }}'
        " fragment It on Draft { title ...Deep }"
        " fragment Deep on Draft { b1: body b2: body b3: body a1: revision }"
    )


def test_a_deduplicated_document_is_valid_exactly_when_the_whole_document_is() -> None:
    seen = {"valid": 0, "invalid": 0, "with less to check": 0}

    @settings(max_examples=100)
    @given(texts())
    def check(text: str) -> None:
        document = parse(text)
        fewer = deduplicated(document, text)

        is_valid = not validate(SCHEMA.graphql, document, SCHEMA.documents._rules)
        assert (errors_of(fewer) == []) is is_valid
        assert reads_of(SCHEMA.graphql, fewer) == reads_of(SCHEMA.graphql, document)

        seen["valid" if is_valid else "invalid"] += 1
        seen["with less to check"] += fewer is not document

    check()

    assert all(seen.values()), seen
