"""Files of a server in the test's event loop, and addresses that it signs."""

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from files.service import Files, all_are_open
from files.store import content_key
from repositories.factory import PersistenceMode
from tests.http.conftest import Serve
from tests.support.serving import Served

PDF = b"%PDF-1.7 a brochure"


async def serving_files(
    serve: Serve, folder: Path, kind: str = "folder", **settings: Any
) -> Served:
    """A server whose files are in a folder or in memory. Any upload is open, announced or not."""
    if kind == "folder":
        settings = {
            "persistence_mode": PersistenceMode.DB,
            "database_url": f"sqlite:///{folder}/aicmo.db",
            **settings,
        }
    server = await serve(**settings)
    files_of(server).is_open = all_are_open
    return server


def files_of(server: Served) -> Files:
    assert server.service.files is not None
    return server.service.files


def in_a_while(seconds: float = 300) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


async def upload_url(
    server: Served,
    content: bytes = PDF,
    upload_id: str = "upload_1",
    expires_at: datetime | None = None,
    **changes: Any,
) -> str:
    said = {
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "media_type": "application/pdf",
        **changes,
    }
    request = await files_of(server).upload_request(
        upload_id,
        expires_at=expires_at or in_a_while(),
        base=f"http://{server.address}",
        **said,
    )
    assert request.method == "PUT"
    return request.url


async def keep(server: Served, content: bytes) -> str:
    """Keep the content; its SHA-256."""
    sha256 = hashlib.sha256(content).hexdigest()

    async def whole() -> AsyncIterator[bytes]:
        yield content

    await files_of(server).store.put_if_absent(content_key(sha256), whole())
    return sha256


async def download_url(
    server: Served,
    content: bytes = PDF,
    *,
    name: str = "brochure.pdf",
    media_type: str = "application/pdf",
    expires_at: datetime | None = None,
    **changes: Any,
) -> str:
    """Where a client downloads the content, which is kept."""
    sha256 = await keep(server, content)
    said = {"sha256": sha256, "size": len(content), **changes}
    return files_of(server).signer.sign_download(
        "file_1",
        name=name,
        media_type=media_type,
        expires_at=expires_at or in_a_while(),
        base=f"http://{server.address}",
        **said,
    )
