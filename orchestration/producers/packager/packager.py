"""The built-in packager: it needs no network, and nothing but the subject."""

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from importlib.util import find_spec
from typing import Final
from zlib import crc32

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
    """A `Packager`. One of its workers makes all documents of a plan, since it keeps the PDF.

    Without the libraries of the extra `documents` it makes Markdown and HTML alone.
    """

    def __init__(self, workers: Sequence[Worker]) -> None:
        self._workers = workers
        self.formats: Final = tuple(each for each in FORMATS if _is_made(each))

    def start(self) -> None:
        """Log which formats there aren't. A process starts with the first package."""
        if missing := [each for each in FORMATS if each not in self.formats]:
            log.warning(
                "packages have no %s: install aicmo[documents] (uv sync --extra documents)",
                " and no ".join(each.upper() for each in missing),
            )

    async def documents(self, subject: PackageSubject) -> Sequence[PackageFile]:
        number = crc32(subject.plan.strategy_id.encode()) % len(self._workers)
        try:
            return await self._workers[number].call(partial(documents_of, subject, self.formats))
        except DocumentFailed as error:
            log.error("no documents for draft %s: %s", subject.draft.draft_id, error.reason)
            raise Unavailable("The documents couldn't be made.") from error

    async def close(self) -> None:
        """Let no more be made. Whoever still waits gets Unavailable."""
        await asyncio.gather(*(worker.close() for worker in self._workers))


def document_processes(count: int) -> Sequence[Worker]:
    """Workers for documents. Each starts its process with its first document."""
    return [
        ProcessWorker("makes documents", seconds=SECONDS, max_bytes=MAX_BYTES) for _ in range(count)
    ]


def _is_made(wanted: str) -> bool:
    return wanted not in LIBRARIES or find_spec(LIBRARIES[wanted]) is not None
