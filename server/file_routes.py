"""The routes of files: uploads, downloads and archives by signed addresses, files by their ids."""

from typing import Final

from starlette.routing import BaseRoute, Route

from files.signing import ARCHIVES, FOLDER, UPLOADS
from server.archives import ArchiveEndpoint
from server.downloads import DownloadEndpoint, FileEndpoint
from server.uploads import UploadEndpoint

FILE_METHODS: Final = ("PUT", "HEAD")
"""What pages of other origins may send, beside the methods of GraphQL."""
FILE_HEADERS: Final = ("Content-Range", "If-Match", "If-None-Match", "If-Range", "Range")
SHOWN_FILE_HEADERS: Final = (
    *("Accept-Ranges", "Content-Disposition", "Content-Range", "ETag", "Range"),
    *("Repr-Digest", "Upload-Length", "Upload-Offset"),
)
"""What those pages may read."""


def file_routes() -> list[BaseRoute]:
    """Starlette answers HEAD as well where GET is a method."""
    return [
        Route(f"/{FOLDER}/{UPLOADS}/{{upload_id}}", UploadEndpoint(), methods=["PUT", "HEAD"]),
        Route(f"/{FOLDER}/{ARCHIVES}/{{name}}", ArchiveEndpoint(), methods=["GET"]),
        Route(f"/{FOLDER}/{{file_id}}/{{name}}", DownloadEndpoint(), methods=["GET"]),
        Route(f"/{FOLDER}/{{file_id}}", FileEndpoint(), methods=["GET"]),
    ]
