"""A task has one unit of work open at a time."""

from contextvars import ContextVar


class NestingGuard:
    """Marks a unit of work as the one that is open in this task."""

    _current: ContextVar["NestingGuard | None"] = ContextVar("open_unit_of_work", default=None)

    is_open: bool

    def __init__(self) -> None:
        outer = self._current.get()
        if outer is not None and outer.is_open:
            raise RuntimeError("a unit of work is already open in this task")
        self.is_open = True
        self._current.set(self)

    def end(self) -> None:
        self.is_open = False
