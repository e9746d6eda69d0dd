"""Inputs that describe commands of the domain: resolvers get the command in place of the input."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, is_dataclass
from functools import cached_property
from typing import Any, Final, TypeVar

import strawberry
from strawberry import UNSET
from strawberry.annotation import StrawberryAnnotation
from strawberry.types import get_object_definition
from strawberry.types.base import (
    StrawberryList,
    StrawberryObjectDefinition,
    StrawberryOptional,
)
from strawberry.utils.str_converters import to_camel_case

from domain.deletion import Delete
from domain.errors import Violation
from domain.validation import Violations
from repositories.records import constructor
from repositories.registry import EntityType
from schema.descriptions import VALIDATE_ONLY

T = TypeVar("T", bound=type)

Convert = Callable[[Any], Any]

_VALIDATE_ONLY: Final = "validateOnly"


@dataclass(frozen=True, slots=True)
class ValidateOnly:
    """A command that isn't to be carried out: the caller only asks whether it would succeed.

    Where commands are rows of a bulk, none of them may be one: they are carried out together, or
    the whole bulk is only validated.
    """

    command: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(self.command, name)

    def violations(self) -> Violations:
        """As a row of a bulk."""
        yield Violation(("validate_only",), "is not for a single row")


def command_input(command: Callable[..., Any], description: str) -> Callable[[T], T]:
    """Makes a class the input that describes a command, or a part of one, field by field.

    A field that is left out, or null, keeps the command's default.
    """

    def decorate(cls: T) -> T:
        decorated = strawberry.input(cls, description=description)
        definition = get_object_definition(decorated, strict=True)
        definition.from_input = CommandOf(command, definition)
        return decorated

    return decorate


def required(*sentences: str) -> Any:
    """A field that every input of its type has, described by sentences."""
    return strawberry.field(description=" ".join(sentences))


def optional(*sentences: str) -> Any:
    """A field that may be left out, described by sentences; null means the same."""
    return strawberry.field(default=UNSET, description=" ".join(sentences))


def expected_revision() -> Any:
    return optional(
        "The revision that you last read: the mutation fails when the stored one differs. "
        "0 means that the entity must not exist yet. Left out, the latest wins. 0 or more.",
        "A repeat of a mutation that was stored fails, since the first one raised the revision.",
    )


def sent_as(input_type: type) -> Any:
    """Declares the input that describes a mutation's command, which it gets as it is, or as a
    `ValidateOnly`: the input has a field for that, beside its own."""
    definition = get_object_definition(input_type, strict=True)
    validate_only = optional(VALIDATE_ONLY)
    validate_only.python_name = "validate_only"
    validate_only.type_annotation = StrawberryAnnotation(bool | None)
    definition.fields.append(validate_only)
    return strawberry.argument(
        description="What to do; see the fields of the input.", graphql_type=input_type
    )


def deletion_of(entity_type: EntityType[Any, Any]) -> Callable[..., Delete]:
    """The command that deletes an entity of the type, by the name of its key."""

    def delete(expected_revision: int | None = None, **key: str) -> Delete:
        return Delete(
            key_name=entity_type.key_name,
            key=key[entity_type.key_name],
            expected_revision=expected_revision,
        )

    return delete


class CommandOf:
    """Makes the command of a coerced input; the conversions of its fields are computed once."""

    def __init__(self, command: Callable[..., Any], definition: StrawberryObjectDefinition) -> None:
        self.has_position = "position" in getattr(command, "__dataclass_fields__", ())
        if isinstance(command, type) and is_dataclass(command):
            command = constructor(command)
        self._command = command
        self._definition = definition

    def __call__(self, _type: type, given: Mapping[str, Any], _context: object) -> Any:
        """Convert the input; Strawberry calls this."""
        return self.convert(given)

    def convert(self, given: Mapping[str, Any], position: int | None = None) -> Any:
        """The command, which has a position where it's an item of a list whose items have one."""
        if _VALIDATE_ONLY in given:
            return self._perhaps_validated({**given}, position)
        fields = self._fields
        values: dict[str, Any] = {} if position is None else {"position": position}
        for name, value in given.items():
            if value is not None:
                attribute, convert = fields[name]
                values[attribute] = value if convert is None else convert(value)
        return self._command(**values)

    def _perhaps_validated(self, given: dict[str, Any], position: int | None) -> Any:
        is_validated = given.pop(_VALIDATE_ONLY)
        command = self.convert(given, position)
        return ValidateOnly(command) if is_validated else command

    @cached_property
    def _fields(self) -> dict[str, tuple[str, Convert | None]]:
        """The command's name and the conversion of each field, by its name in the API."""
        # Types that are mentioned before they exist are found when the first input comes.
        return {
            field.graphql_name or to_camel_case(field.python_name): (
                field.python_name,
                _conversion(field.resolve_type(type_definition=self._definition)),
            )
            for field in self._definition.fields
        }


def command_of(type_: object) -> Convert | None:
    """The conversion of an input type to its command; None for other types."""
    found = _found_command_of(type_)
    return None if found is None else found.convert


def _found_command_of(type_: object) -> CommandOf | None:
    definition = get_object_definition(type_)
    from_input = definition.from_input if definition is not None else None
    return from_input if isinstance(from_input, CommandOf) else None


def _conversion(type_: object) -> Convert | None:
    """The conversion of a coerced value to the command's value; None if they are the same."""
    if isinstance(type_, StrawberryOptional):
        return _conversion(type_.of_type)
    if isinstance(type_, StrawberryList):
        command = _found_command_of(type_.of_type)
        if command is not None and command.has_position:
            at = command.convert
            return lambda items: tuple([at(item, place) for place, item in enumerate(items)])
        convert = _conversion(type_.of_type)
        return tuple if convert is None else lambda items: tuple([convert(item) for item in items])
    return command_of(type_)
