"""Our server with files in a folder, which takes uploads that no database knows of.

`python -m benchmarks.servers.files FOLDER`: the keys of addresses are in the folder.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvloop

from files.service import all_are_open
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Storage
from server.app import create_app
from server.listening import Listener, listening_sockets
from server.settings import load_settings


class _Server(Listener):
    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self._app.state.service.files.is_open = all_are_open
        for each in sockets:
            print(each.getsockname()[1], flush=True)


@asynccontextmanager
async def _in_memory(*_: Any) -> AsyncIterator[Storage]:
    yield create_storage(PersistenceMode.INMEMORY)


def main(folder: Path) -> None:
    settings = load_settings(
        files_url=f"file://{folder}", database_url=f"sqlite:///{folder}/none.db", port=0
    )
    app = create_app(settings, open_storage=_in_memory)
    uvloop.run(_Server(app, settings).serve(listening_sockets(settings)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
