"""How much memory objects take, counted object by object."""

import gc
import sys
from collections.abc import Iterable
from enum import Enum
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any, Final

_SHARED: Final = (type, ModuleType, BuiltinFunctionType, CodeType, Enum)
"""The classes of objects that programs have anyway."""


def weight_of(*roots: Any, beside: Iterable[Any] = ()) -> int:
    """Bytes of the objects and all that they hold, without what is held `beside` them."""
    seen = _reachable(beside, set())
    return sum(map(sys.getsizeof, _found(roots, seen)))


def _reachable(roots: Iterable[Any], seen: set[int]) -> set[int]:
    for _ in _found(roots, seen):
        pass
    return seen


def _found(roots: Iterable[Any], seen: set[int]) -> Iterable[Any]:
    left = list(roots)
    while left:
        one = left.pop()
        if id(one) in seen or isinstance(one, _SHARED):
            continue
        seen.add(id(one))
        yield one
        left += _held_by(one)


def _held_by(one: Any) -> Iterable[Any]:
    if isinstance(one, FunctionType):
        return (*(one.__closure__ or ()), one.__defaults__, one.__kwdefaults__)
    return gc.get_referents(one)
