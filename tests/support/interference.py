"""Storage on which something happens at a moment that a test chooses."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from domain.callers import Caller
from repositories.criteria import AttributeMask
from repositories.unit_of_work import Repositories, SnapshotHandle, Storage, UnitOfWork
from tests.support.wrapped_storage import WrappedStorage

T = TypeVar("T")
Event = Callable[[], Awaitable[None]]


class Interfered(WrappedStorage):
    """Storage with other repositories of one kind, named by its attribute."""

    def __init__(
        self,
        storage: Storage,
        attribute: str | None = None,
        instead: Callable[[Any], Any] = lambda repository: repository,
        *,
        after_write: Event | None = None,
    ) -> None:
        super().__init__(storage)
        self._attribute = attribute
        self._instead = instead
        self._after_write = after_write

    def as_(self, caller: Caller) -> Repositories:
        return _InterferedRepositories(self._storage.as_(caller), self._changed, self._after_write)

    def _changed(self, unit: Any) -> Any:
        if self._attribute is not None:
            setattr(unit, self._attribute, self._instead(getattr(unit, self._attribute)))
        return unit


class _InterferedRepositories:
    def __init__(
        self,
        repositories: Repositories,
        changed: Callable[[Any], Any],
        after_write: Event | None,
    ) -> None:
        self._repositories = repositories
        self._changed = changed
        self._after_write = after_write

    def read(
        self, *, selected: AttributeMask | None = None, single_statement: bool = False
    ) -> SnapshotHandle:
        reading = self._repositories.read(selected=selected, single_statement=single_statement)
        begin = reading.begin
        setattr(reading, "begin", lambda: self._changed(begin()))  # noqa: B010 - not a method's
        return reading

    async def write(
        self, work: Callable[[UnitOfWork], Awaitable[T]], *, single_statement: bool = False
    ) -> T:
        result = await self._repositories.write(
            lambda unit: work(self._changed(unit)), single_statement=single_statement
        )
        if self._after_write is not None:
            await self._after_write()
        return result


class Raising:
    """A repository all of whose methods raise."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def method(*arguments: Any, **options: Any) -> Any:
            raise self._error

        return method


class Announcing:
    """A repository before each of whose methods something else happens."""

    def __init__(self, repository: Any, event: Event) -> None:
        self._repository = repository
        self._event = event

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def method(*arguments: Any, **options: Any) -> Any:
            await self._event()
            return await getattr(self._repository, name)(*arguments, **options)

        return method


class Followed:
    """A repository after one of whose methods something else happens, before it answers."""

    def __init__(self, repository: Any, method: str, event: Event) -> None:
        self._repository = repository
        self._method = method
        self._event = event

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def method(*arguments: Any, **options: Any) -> Any:
            found = await getattr(self._repository, name)(*arguments, **options)
            if name == self._method:
                await self._event()
            return found

        return method
