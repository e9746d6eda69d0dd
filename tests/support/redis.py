"""Redis for tests, on a Unix socket of its own: it can be killed, frozen and started again.

Where there is Valkey in its place, it's that.
"""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep

from tests.support.patience import SECONDS

_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"
PROGRAM = shutil.which("redis-server", path=_PATH) or shutil.which("valkey-server", path=_PATH)


class Redis:
    """A server that keeps nothing on disk: when it's started again, it has forgotten everything."""

    def __init__(self, folder: Path) -> None:
        self._address = folder / "redis.sock"
        self._log = folder / "log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self._address}"

    def start(self) -> None:
        assert PROGRAM is not None
        options = ["--port", "0", "--unixsocket", str(self._address), "--save", ""]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [PROGRAM, *options, "--dir", str(self._log.parent)], stdout=log, stderr=log
            )
        deadline = monotonic() + SECONDS
        while not self._answers():
            if self._process.poll() is not None or monotonic() > deadline:
                raise RuntimeError(f"Redis did not start:\n{self._log.read_text()}")
            sleep(0.01)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(SECONDS)
            self._process = None

    def freeze(self) -> None:
        """From now on it takes connections and answers nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(str(self._address)):
                return False
            probe.sendall(b"PING\r\n")
            return probe.recv(100) == b"+PONG\r\n"


@contextmanager
def redis_server() -> Iterator[Redis]:
    with TemporaryDirectory(prefix="aicmo-redis-") as name:
        server = Redis(Path(name))
        server.start()
        try:
            yield server
        finally:
            server.kill()
