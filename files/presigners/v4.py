"""Signature Version 4 in the query, of Amazon and, with other names, of Google.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
https://cloud.google.com/storage/docs/authentication/signatures
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote, urlsplit


@dataclass(frozen=True, slots=True)
class V4Signer:
    """Signs requests to one bucket."""

    address: str
    """The bucket's, with the prefix of all keys and no slash at its end."""
    algorithm: str
    parameter: str
    """What the names of its parameters begin with, such as `X-Amz`."""
    scope: str
    """What follows the date in the scope of a credential: region, service and version."""
    credential: str
    """Whose credential it is."""
    sign: Callable[[str, str], str] = field(repr=False)
    """The signature, in hexadecimal digits, of a text that is signed in a scope."""
    token: str | None = field(default=None, repr=False)

    def url(
        self,
        method: str,
        key: str,
        *,
        now: datetime,
        seconds: int,
        parameters: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> str:
        """The address for a request to a key, which must have these headers."""
        parts = urlsplit(self.address)
        path = f"{parts.path}/{quote(key)}"
        moment = f"{now:%Y%m%dT%H%M%SZ}"
        scope = f"{moment[:8]}/{self.scope}"
        signed = sorted({**(headers or {}), "host": parts.netloc}.items())
        names = ";".join(name for name, _ in signed)
        query = encoded_query(
            {
                **(parameters or {}),
                f"{self.parameter}-Algorithm": self.algorithm,
                f"{self.parameter}-Credential": f"{self.credential}/{scope}",
                f"{self.parameter}-Date": moment,
                f"{self.parameter}-Expires": str(seconds),
                f"{self.parameter}-SignedHeaders": names,
                **({f"{self.parameter}-Security-Token": self.token} if self.token else {}),
            }
        )
        lines = "".join(f"{name}:{value}\n" for name, value in signed)
        request = f"{method}\n{path}\n{query}\n{lines}\n{names}\nUNSIGNED-PAYLOAD"
        hash = hashlib.sha256(request.encode()).hexdigest()
        signature = self.sign(f"{self.algorithm}\n{moment}\n{scope}\n{hash}", scope)
        address = f"{parts.scheme}://{parts.netloc}{path}"
        return f"{address}?{query}&{self.parameter}-Signature={signature}"


def encoded_query(parameters: Mapping[str, str]) -> str:
    """The parameters in their canonical order and encoding."""
    pairs = [(quote(name, safe=""), quote(value, safe="")) for name, value in parameters.items()]
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))
