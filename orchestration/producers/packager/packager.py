"""The built-in packager: it needs no network, and nothing but the subject."""

import logging
from collections.abc import Sequence
from functools import partial
from importlib.util import find_spec
from typing import Final

from domain.errors import Unavailable
from orchestration.producers.packager.documents import FORMATS, LIBRARIES, documents_of
from orchestration.producers.packager.errors import DocumentFailed
from orchestration.producers.ports import PackageFile, PackageSubject
from orchestration.producers.worker import ProcessWorker, Worker

SECONDS: Final = 30.0
"""How long the documents of one package may take."""
MAX_BYTES: Final = 2 * 1024**3
"""How much memory they may take. Documents of usual length take a tenth of it."""

log = logging.getLogger("aicmo.producers")


class BuiltInPackager:
    """A `Packager`. It makes documents in processes of its own, or by the worker that is given.

    Without the libraries of the extra `documents` it makes Markdown and HTML alone.
    """

    def __init__(self, worker: Worker | None = None, *, processes: int = 1) -> None:
        self._worker = worker or ProcessWorker(
            "makes documents", seconds=SECONDS, max_bytes=MAX_BYTES, processes=processes
        )
        self.formats: Final = tuple(each for each in FORMATS if _is_made(each))

    def start(self) -> None:
        """Log which formats there aren't. A process starts with the first package."""
        if missing := [each for each in FORMATS if each not in self.formats]:
            log.warning(
                "packages have no %s: install aicmo[documents] (uv sync --extra documents)",
                " and no ".join(each.upper() for each in missing),
            )

    async def documents(self, subject: PackageSubject) -> Sequence[PackageFile]:
        try:
            return await self._worker.call(partial(documents_of, subject, self.formats))
        except DocumentFailed as error:
            log.error("no documents for draft %s: %s", subject.draft.draft_id, error.reason)
            raise Unavailable("The documents couldn't be made.") from error

    async def close(self) -> None:
        """Let no more be made. Whoever still waits gets Unavailable."""
        await self._worker.close()


def _is_made(wanted: str) -> bool:
    return wanted not in LIBRARIES or find_spec(LIBRARIES[wanted]) is not None
