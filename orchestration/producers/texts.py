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
            yield number_text(value)
        case Mapping():
            for item in value.values():
                yield from texts_of(item)
        case list() | tuple():
            for item in value:
                yield from texts_of(item)


def number_text(value: float) -> str:
    """A number as people write it; of floats 15 digits, which is all that they hold."""
    return str(value) if isinstance(value, int) else f"{value:.15g}"
