"""One request to an endpoint that speaks OpenAI's chat completions.

The protocol: https://platform.openai.com/docs/api-reference/chat, as vLLM, Ollama, llama.cpp and
others speak it too. This module is imported for the first run that asks a model.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

from domain.sources import Clock, utc_now

_MAX_BYTES: Final = 4 * 1024 * 1024
"""A response that is longer is read no further."""
_UNSUPPORTED: Final = "unsupported_parameter"
_LIMITS: Final = ("max_tokens", "max_completion_tokens")
"""The names that endpoints have for the limit. Those that don't know the second ignore it without a
word, so that nothing would bound them; those that don't know the first refuse it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSettings:
    """Where a model is, and how long one request may take."""

    url: str
    """What `/chat/completions` is below."""
    model: str
    api_key: str | None = None
    seconds: float = 120.0


class Reply(NamedTuple):
    """What came of a request."""

    request: str
    status: int | None
    body: str
    error: str | None
    """Why nothing came, or not all; None: all did."""
    retry_after: float | None
    began_at: datetime
    duration_ms: int

    @property
    def json(self) -> Mapping[str, Any]:
        """The body, if it's a JSON object; or else an empty one."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


class Endpoint:
    """Sends requests. It follows no redirect, uses no proxy and keeps no cookies."""

    def __init__(self, settings: EndpointSettings, *, clock: Clock = utc_now) -> None:
        self.settings = settings
        self._clock = clock
        self._limits = list(_LIMITS)
        self._session: ClientSession | None = None

    async def complete(
        self,
        messages: Sequence[Mapping[str, str]],
        name: str,
        schema: Mapping[str, object],
        max_tokens: int,
    ) -> Reply:
        """Ask for an answer of this schema, of at most so many tokens. It raises nothing."""
        body: dict[str, object] = {
            "model": self.settings.model,
            "messages": messages,
            "temperature": 0,
            self._limits[0]: max_tokens,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": name, "strict": True, "schema": schema},
            },
        }
        reply = await self._post(body)
        if len(self._limits) > 1 and _refuses(reply, self._limits[0]):
            del body[self._limits.pop(0)]
            body[self._limits[0]] = max_tokens
            reply = await self._post(body)
        return reply

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _post(self, body: Mapping[str, object]) -> Reply:
        request = json.dumps(body, ensure_ascii=False)
        began_at, began = self._clock(), time.perf_counter()
        status, text, error, retry_after = None, b"", None, None
        try:
            async with self._opened().post(
                f"{self.settings.url.rstrip('/')}/chat/completions",
                data=request.encode(),
                headers={"Content-Type": "application/json"},
                allow_redirects=False,
            ) as response:
                status = response.status
                retry_after = _seconds(response.headers.get("Retry-After"))
                async for chunk in response.content.iter_any():
                    text += chunk
                    if len(text) > _MAX_BYTES:
                        error = f"The response has more than {_MAX_BYTES:,} bytes."
                        break
        except TimeoutError:
            error = f"There was no complete response within {self.settings.seconds:g} seconds."
        except (ClientError, OSError, ValueError) as problem:
            error = f"The response is missing, or was cut off ({type(problem).__name__})."
        return Reply(
            request,
            status,
            text[:_MAX_BYTES].decode(errors="replace").replace("\x00", "\ufffd"),
            error,
            retry_after,
            began_at,
            round((time.perf_counter() - began) * 1000),
        )

    def _opened(self) -> ClientSession:
        if self._session is None:
            key = self.settings.api_key
            self._session = ClientSession(
                connector=TCPConnector(limit=0),
                cookie_jar=DummyCookieJar(),
                timeout=ClientTimeout(total=self.settings.seconds),
                headers={} if key is None else {"Authorization": f"Bearer {key}"},
            )
        return self._session


def _refuses(reply: Reply, parameter: str) -> bool:
    """Whether the endpoint has another name for the limit."""
    error = reply.json.get("error")
    return (
        reply.status == 400
        and isinstance(error, dict)
        and error.get("code") == _UNSUPPORTED
        and error.get("param") == parameter
    )


def _seconds(retry_after: str | None) -> float | None:
    """The seconds of a Retry-After header; one with a date counts as none."""
    try:
        return None if retry_after is None else max(0.0, float(retry_after))
    except ValueError:
        return None
