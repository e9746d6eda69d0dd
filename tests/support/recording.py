"""Storage that records who reads and writes."""

from domain.callers import Caller
from repositories.unit_of_work import Repositories, Storage
from tests.support.wrapped_storage import WrappedStorage


class Recording(WrappedStorage):
    """Stands in front of a storage, and has the callers that it gave repositories to."""

    def __init__(self, storage: Storage) -> None:
        self.callers: list[Caller] = []
        super().__init__(storage)

    def as_(self, caller: Caller) -> Repositories:
        self.callers.append(caller)
        return self._storage.as_(caller)
