"""Attributes that are computed at their first use."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

T_co = TypeVar("T_co", covariant=True)


class lazy(Generic[T_co]):  # noqa: N801 - it's used like `property`
    """Works as `functools.cached_property`, without the lock of Python 3.11.

    What it stands in belongs to one thread.
    """

    def __init__(self, make: Callable[[Any], T_co]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type | None = None) -> T_co:
        made = instance.__dict__[self._name] = self._make(instance)
        return made
