"""The documentation in the schema explains every type, field, argument and value."""

from collections.abc import Iterator

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
)

from tests.support.sdl import own_types


def descriptions() -> Iterator[tuple[str, str | None]]:
    """Everything that can have a description, and the one it has."""
    for type_ in own_types():
        yield type_.name, type_.description
        if isinstance(type_, GraphQLEnumType):
            for name, value in type_.values.items():
                yield f"{type_.name}.{name}", value.description
        elif isinstance(type_, GraphQLInputObjectType):
            for name, input_field in type_.fields.items():
                yield f"{type_.name}.{name}", input_field.description
        elif isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            for name, field in type_.fields.items():
                yield f"{type_.name}.{name}", field.description
                for argument, definition in field.args.items():
                    yield f"{type_.name}.{name}({argument})", definition.description


def test_the_walk_sees_every_kind_of_thing() -> None:
    """Otherwise the tests below would pass on whatever it doesn't see."""
    assert {
        "Brief",
        "Brief.briefId",
        "Brief.strategyPlans(first)",
        "Query.node(id)",
        "Mutation.saveDraft(input)",
        "SaveDraftInput.title",
        "MutationError.path",
        "BriefStage.INTAKE",
        "DateTime",
    } <= dict(descriptions()).keys()


def test_everything_is_described() -> None:
    assert [where for where, text in descriptions() if not (text or "").strip()] == []


def test_descriptions_are_sentences() -> None:
    assert [
        f"{where}: {text}"
        for where, text in descriptions()
        if not (text and text[0].isupper() | text.startswith("`") | text[0].isdigit())
        or not text.rstrip("`)").endswith((".", "…"))
    ] == []
