"""The words of JSON values."""

from collections.abc import Iterator, Mapping


def texts_of(value: object) -> Iterator[str]:
    """All texts and numbers in a JSON value, without the keys."""
    match value:
        case str():
            yield value
        case bool() | None:
            pass
        case int() | float():
            yield f"{value:g}" if isinstance(value, float) else str(value)
        case Mapping():
            for item in value.values():
                yield from texts_of(item)
        case list() | tuple():
            for item in value:
                yield from texts_of(item)
