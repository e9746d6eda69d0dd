"""What pages of other origins may send and read: of files more than of all else."""

from collections.abc import Sequence
from typing import Any

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from files.signing import FOLDER
from server.file_routes import FILE_HEADERS, FILE_METHODS, SHOWN_FILE_HEADERS


class Cors:
    """Middleware that answers preflights, and tells browsers what pages may read."""

    def __init__(
        self,
        app: ASGIApp,
        allow_origins: Sequence[str],
        allow_headers: Sequence[str],
        expose_headers: Sequence[str],
        allow_credentials: bool,
        max_age: int,
    ) -> None:
        """Takes what Starlette's middleware takes. The headers are those of all paths."""
        methods = ("GET", "POST")
        common: dict[str, Any] = {
            "allow_origins": allow_origins,
            "allow_credentials": allow_credentials,
            "max_age": max_age,
        }
        self._of_all = CORSMiddleware(
            app,
            allow_methods=methods,
            allow_headers=allow_headers,
            expose_headers=expose_headers,
            **common,
        )
        self._of_files = CORSMiddleware(
            app,
            allow_methods=(*methods, *FILE_METHODS),
            allow_headers=(*allow_headers, *FILE_HEADERS),
            expose_headers=(*expose_headers, *SHOWN_FILE_HEADERS),
            **common,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_of_files = scope["type"] == "http" and scope["path"].startswith(f"/{FOLDER}/")
        await (self._of_files if is_of_files else self._of_all)(scope, receive, send)
