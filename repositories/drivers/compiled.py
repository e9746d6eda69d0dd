"""Statements that SQLAlchemy compiles once, and that drivers then run without it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final, NamedTuple

from sqlalchemy import Executable
from sqlalchemy.dialects.postgresql.asyncpg import dialect as postgresql_dialect
from sqlalchemy.dialects.sqlite.aiosqlite import dialect as sqlite_dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

Row = Sequence[Any]
Convert = Callable[[Any], Any]

_DIALECTS = {True: sqlite_dialect(), False: postgresql_dialect()}  # type: ignore[no-untyped-call]


_STATEMENT_WEIGHT = 1_000
_CHARACTER_WEIGHT = 2
_PARAMETER_WEIGHT = 300
"""A statement is cached by its shape, which is about as long as its SQL."""


class _Parameter(NamedTuple):
    name: str
    convert: Convert | None
    constant: Any


_NOTHING: Final[Any] = object()


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL for one dialect. Its rows have their columns in the order of the SELECT.

    The columns in `counted` have the texts, or lists of texts, that an answer is made of. Where it
    `refuses`, "" stands for a text that would have been too large; where there is a `key`, this
    column is NULL in rows that would have been.
    """

    sql: str
    _parameters: tuple[_Parameter, ...]
    _conversions_to: tuple[tuple[int, Convert], ...]
    _conversions: tuple[tuple[int, Convert], ...]
    counted: range | tuple[int, ...] = ()
    refuses: bool = False
    key: int | None = None
    _converts_again: bool = False
    """Whether the SQL has a converted parameter more than once."""
    _all_given: Callable[[Mapping[str, Any]], tuple[Any, ...]] | None = None
    """Returns the values where all are given: it binds those of a save, which are many, in half the
    time."""

    @property
    def weight(self) -> int:
        """The bytes of memory that the statement takes, with its key in the cache."""
        return (
            _STATEMENT_WEIGHT
            + _CHARACTER_WEIGHT * len(self.sql)
            + _PARAMETER_WEIGHT * len(self._parameters)
        )

    def bind(self, values: Mapping[str, Any]) -> list[Any]:
        """The arguments of the driver for named values, in its order."""
        if self._converts_again:
            return self._converted_once(values)
        found = (
            [values.get(name, constant) for name, _, constant in self._parameters]
            if self._all_given is None
            else list(self._all_given(values))
        )
        for position, convert in self._conversions_to:
            found[position] = convert(found[position])
        return found

    def bind_many(self, values: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
        """The arguments for each of the values. A value that comes again and again is converted
        once: that of a time takes as long as all else."""
        if self._converts_again or self._all_given is None:
            return [self.bind(each) for each in values]
        found = [list(each) for each in map(self._all_given, values)]
        for position, convert in self._conversions_to:
            last, converted = _NOTHING, None
            for arguments in found:
                if (value := arguments[position]) is not last:
                    last, converted = value, convert(value)
                arguments[position] = converted
        return found

    def _converted_once(self, values: Mapping[str, Any]) -> list[Any]:
        """The arguments, each value converted once however often the SQL has it."""
        found: dict[str, Any] = {}
        for name, convert, constant in self._parameters:
            if name not in found:
                value = values.get(name, constant)
                found[name] = value if convert is None else convert(value)
        return [found[name] for name, _, _ in self._parameters]

    def decode_rows(self, rows: Sequence[Row]) -> Sequence[Row]:
        """The driver's rows, with values of the columns' types."""
        if not self._conversions:
            return rows
        return [self._converted(row) for row in rows]

    def _converted(self, row: Row) -> Row:
        values = list(row)
        for position, convert in self._conversions:
            values[position] = convert(values[position])
        return values


def compile_statement(
    statement: Executable,
    *,
    is_sqlite: bool,
    counted: range | tuple[int, ...] = (),
    refuses: bool = False,
    key: int | None = None,
) -> Statement:
    """The statement as SQL. Compiling costs more than most statements, so callers cache it."""
    dialect = _DIALECTS[is_sqlite]

    def bind(kind: TypeEngine[Any]) -> Convert | None:
        return kind.dialect_impl(dialect).bind_processor(dialect)

    def result(kind: TypeEngine[Any]) -> Convert | None:
        # PostgreSQL's driver gives values of the columns' types by itself.
        return kind.dialect_impl(dialect).result_processor(dialect, None) if is_sqlite else None

    compiled = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
    assert isinstance(compiled, SQLCompiler)
    parameters = tuple(
        _Parameter(name, bind(compiled.binds[name].type), compiled.binds[name].effective_value)
        for name in compiled.positiontup or ()
    )
    converted = [parameter.name for parameter in parameters if parameter.convert is not None]
    conversions = [result(column.type) for column in getattr(statement, "exported_columns", ())]
    return Statement(
        sql=compiled.string,
        _parameters=parameters,
        _conversions_to=tuple(
            (position, parameter.convert)
            for position, parameter in enumerate(parameters)
            if parameter.convert is not None
        ),
        _conversions=tuple(
            (position, convert) for position, convert in enumerate(conversions) if convert
        ),
        counted=counted,
        refuses=refuses,
        key=key,
        _converts_again=len(set(converted)) < len(converted),
        _all_given=itemgetter(*(parameter.name for parameter in parameters))
        if len(parameters) > 1
        and all(compiled.binds[parameter.name].required for parameter in parameters)
        else None,
    )
