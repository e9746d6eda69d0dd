"""Fetching the public keys of an OpenID provider.

This module is imported for the first token of a provider: most servers never need what it needs.
"""

import json
from typing import Any, Final

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar

from domain.errors import Unavailable

_SECONDS: Final = 5.0
_MAX_BYTES: Final = 512 * 1024
_DISCOVERY: Final = "/.well-known/openid-configuration"


async def fetch_key_set(issuer: str) -> dict[str, Any]:
    """The provider's keys, as its configuration names them (OpenID Connect Discovery 1.0).

    Raises Unavailable where they can't be had, or aren't what they should be.
    """
    timeout = ClientTimeout(total=_SECONDS)
    try:
        async with ClientSession(timeout=timeout, cookie_jar=DummyCookieJar()) as session:
            found = await _json(session, issuer.rstrip("/") + _DISCOVERY)
            if found.get("issuer") != issuer or not isinstance(found.get("jwks_uri"), str):
                raise Unavailable("The OpenID provider calls itself something else.")
            keys = await _json(session, found["jwks_uri"])
    except (ClientError, TimeoutError, OSError, ValueError) as error:
        raise Unavailable("The OpenID provider can't be reached.") from error
    if not isinstance(keys.get("keys"), list):
        raise Unavailable("The OpenID provider has no keys.")
    return keys


async def _json(session: ClientSession, url: str) -> dict[str, Any]:
    async with session.get(url, allow_redirects=False) as response:
        response.raise_for_status()
        body = b""
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > _MAX_BYTES:
                raise ValueError("too large")
        found = json.loads(body)
        if response.status != 200 or not isinstance(found, dict):
            raise ValueError("no JSON object")
        return found
