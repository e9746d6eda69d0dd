"""An OpenID provider on this machine: a real HTTP server with real keys, which rotate."""

import time
from collections import Counter
from typing import Any

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

AUDIENCE = "aicmo"


class Provider:
    """Serves its configuration and its public keys, and signs tokens."""

    def __init__(self) -> None:
        self.requests = Counter[str]()
        self.keys: dict[str, RSAKey | ECKey] = {}
        self.others: list[Any] = []
        """What else it publishes, before its keys."""
        self._port = 0
        self._runner: web.AppRunner | None = None

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        """At the same address as before, if it was there before."""
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._configuration)
        app.router.add_get("/keys", self._key_set)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await site.start()
        [self._port] = [address[1] for address in self._runner.addresses]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def rotate(self, kid: str, algorithm: str = "RS256") -> None:
        """Have this key alone from now on."""
        self.keys = {kid: new_key(kid, algorithm)}

    def token(self, kid: str, *, key: Any = None, header: Any = None, **changes: Any) -> str:
        """A token of Ada's, signed by the key; what is None is left out."""
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": "ada",
            "exp": now + 3600,
            "iat": now,
            "scope": "openid delivery:read",
            **changes,
        }
        signing = key or self.keys[kid]
        algorithm = "ES256" if isinstance(signing, ECKey) else "RS256"
        given = {name: value for name, value in claims.items() if value is not None}
        head = {"alg": algorithm, "kid": kid, **(header or {})}
        given_head = {name: value for name, value in head.items() if value is not None}
        return jwt.encode(given_head, given, signing)

    async def _configuration(self, _: web.Request) -> web.Response:
        self.requests["configuration"] += 1
        return web.json_response({"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys"})

    async def _key_set(self, _: web.Request) -> web.Response:
        self.requests["keys"] += 1
        own = KeySet(list(self.keys.values())).as_dict(private=False)["keys"]
        return web.json_response({"keys": [*self.others, *own]})


def new_key(kid: str, algorithm: str = "RS256") -> RSAKey | ECKey:
    if algorithm == "ES256":
        return ECKey.generate_key("P-256", {"kid": kid})
    return RSAKey.generate_key(2048, {"kid": kid})
