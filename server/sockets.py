"""How many connections the process may have, of all clients and of one address."""

import ipaddress
import resource
from collections import Counter
from collections.abc import Sequence
from typing import Final

_MAX_FILES: Final = 65_536
"""More than this process could serve; some systems have no limit of their own."""
_OTHER_FILES: Final = 128
"""Files that aren't clients' connections: those that listen, the database's, logs, libraries."""


class Sockets:
    """Counts connections by the address that they come from; `exempt` ones only in all."""

    def __init__(
        self,
        limit: int = _MAX_FILES,
        client_limit: int = _MAX_FILES,
        exempt: Sequence[str] = (),
    ) -> None:
        self._limit = limit
        self._client_limit = client_limit
        self._exempt = [ipaddress.ip_network(network) for network in exempt]
        self._in_use = Counter[str]()
        self.in_all = 0

    def take(self, address: str) -> str | None:
        """Count one more; or say why there may not be one more."""
        if self.in_all >= self._limit:
            return f"There are {self._limit:,} open connections already"
        if self._in_use[address] >= self._client_limit and not self._is_exempt(address):
            return f"There are {self._client_limit:,} open connections of this address already"
        self._in_use[address] += 1
        self.in_all += 1
        return None

    def leave(self, address: str) -> None:
        self.in_all -= 1
        self._in_use[address] -= 1
        if not self._in_use[address]:
            del self._in_use[address]

    def _is_exempt(self, address: str) -> bool:
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._exempt)


def raise_file_limit() -> int:
    """How many files the process may have open: as many as the system lets it have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MAX_FILES if hard == resource.RLIM_INFINITY else min(hard, _MAX_FILES)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return _MAX_FILES if soft == resource.RLIM_INFINITY else soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):  # some systems refuse what they say is allowed
        return soft
    return wanted


def connections_within(files: int, other_files: int) -> int:
    """How many connections fit, beside the files that are needed for all else."""
    return max(files - _OTHER_FILES - other_files, 1)
