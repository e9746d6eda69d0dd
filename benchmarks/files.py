"""What files cost beside the tools that do nothing else: `python -m benchmarks.files`.

Uploads beside `dd` with fsync, downloads beside nginx with sendfile, both of 64 MiB, one directly
after the other; and the memory of many downloads at once. One client on the same machine, which
only sends or drops the bytes.
"""

import argparse
import hashlib
import os
import selectors
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from statistics import median
from string import Template
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import urlsplit

import psutil

from benchmarks.beside import interval_of_median
from benchmarks.tables import table
from files.opening import key_of_folder
from files.signing import AddressSigner
from files.store import content_key

MEBIBYTE: Final = 1024 * 1024
_ROUNDS: Final = 30
_DOWNLOADS: Final = 100
_SLOW: Final = 64 * 1024
"""How much a slow client reads at a time."""
_NGINX: Final = Template(
    """
    daemon off;
    worker_processes 1;
    error_log stderr warn;
    pid $folder/nginx.pid;
    events {}
    http {
        access_log off;
        sendfile on;
        tcp_nopush on;
        client_body_temp_path $folder/nginx-body;
        proxy_temp_path $folder/nginx-proxy;
        fastcgi_temp_path $folder/nginx-fastcgi;
        uwsgi_temp_path $folder/nginx-uwsgi;
        scgi_temp_path $folder/nginx-scgi;
        server { listen 127.0.0.1:$port; root $root; }
    }
    """
)


@dataclass(frozen=True, slots=True)
class _Server:
    port: int
    process: psutil.Process
    signer: AddressSigner


@contextmanager
def _ours(folder: Path) -> Iterator[_Server]:
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.servers.files", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            port = int(process.stdout.readline())
            signer = AddressSigner([key_of_folder(folder)])
            yield _Server(port, psutil.Process(process.pid), signer)
        finally:
            process.terminate()


@contextmanager
def _nginx(folder: Path, root: Path) -> Iterator[int]:
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        raise SystemExit("There is no nginx: Debian has it as nginx-light.")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    file = folder / "nginx.conf"
    file.write_text(_NGINX.substitute(folder=folder, root=root, port=port))
    # As root, its worker would be somebody else, who may not read what is ours.
    user = ["-g", "user root;"] if os.geteuid() == 0 else []
    with subprocess.Popen([program, "-p", str(folder), "-c", str(file), *user]) as process:
        try:
            _until_open(port)
            yield port
        finally:
            process.terminate()


def _until_open(port: int) -> None:
    for _ in range(500):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.01)
        else:
            return
    raise SystemExit("nginx did not start.")


def _put(server: _Server, content: bytes, sha256: str) -> None:
    request = server.signer.sign_upload(
        f"upload_{token_hex(8)}",
        size=len(content),
        sha256=sha256,
        media_type="application/zip",
        expires_at=_soon(),
        base=f"http://127.0.0.1:{server.port}",
    )
    parts = urlsplit(request.url)
    head = (
        f"PUT {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        f"Content-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(head.encode())
        connection.sendall(content)
        answer = connection.recv(65_536)
    if not answer.startswith(b"HTTP/1.1 200 "):
        raise SystemExit(f"Wrong answer: {answer!r}")


def _dd(source: Path, target: Path) -> None:
    subprocess.run(
        ["dd", f"if={source}", f"of={target}", "bs=1M", "conv=fsync", "status=none"], check=True
    )


def _target(server: _Server, size: int, sha256: str) -> str:
    url = server.signer.sign_download(
        "file_1",
        sha256=sha256,
        name="brochures.zip",
        media_type="application/zip",
        size=size,
        expires_at=_soon(),
        base="",
    )
    return f"/{url}"


def _get(port: int, target: str, size: int, buffer: bytearray) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(_request(port, target))
        received, head = 0, b""
        while count := connection.recv_into(buffer):
            if not received:
                head = bytes(buffer[:count]).partition(b"\r\n\r\n")[0]
            received += count
    if not head.startswith(b"HTTP/1.1 200 ") or received != len(head) + 4 + size:
        raise SystemExit(f"Wrong answer: {head!r}, {received} bytes")


def _request(port: int, target: str) -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode()


def _soon() -> datetime:
    return datetime.now(UTC) + timedelta(hours=1)


def _timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _crowd(server: _Server, target: str, count: int) -> tuple[int, int]:
    """How much memory so many slow downloads at once add to the server, and its memory before."""
    before = peak = server.process.memory_info().rss
    waiting = selectors.DefaultSelector()
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", server.port))
        connection.sendall(_request(server.port, target))
        waiting.register(connection, selectors.EVENT_READ)
    looked = 0.0
    while waiting.get_map():
        for key, _ in waiting.select():
            connection = key.fileobj  # type: ignore[assignment]
            if not connection.recv(_SLOW):
                waiting.unregister(connection)
                connection.close()
        if time.perf_counter() - looked > 0.02:
            looked = time.perf_counter()
            peak = max(peak, server.process.memory_info().rss)
    return peak - before, before


def _row(name: str, ours: Sequence[float], theirs: Sequence[float], size: int) -> tuple[str, ...]:
    """Speeds in MB/s, and the median of the pairs' ratios with its interval."""
    ratios = [their / our for our, their in zip(ours, theirs, strict=True)]
    found = interval_of_median(ratios)
    return (
        name,
        f"{size / median(ours) / 1e6:,.0f}",
        f"{size / median(theirs) / 1e6:,.0f}",
        f"{median(ratios):.2f}",
        "" if found is None else f"{found[0]:.2f} to {found[1]:.2f}",
    )


def measure(size: int, rounds: int, downloads: int) -> Iterator[str]:
    """The lines of the report."""
    content = os.urandom(MEBIBYTE) * (size // MEBIBYTE)
    sha256 = hashlib.sha256(content).hexdigest()
    with ExitStack() as stack:
        # A folder on a disk, and a source in memory.
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="aicmo-files-")))
        memory = Path(stack.enter_context(TemporaryDirectory(dir="/dev/shm")))
        source = memory / "source"
        source.write_bytes(content)
        files, copies = folder / "files", folder / "copies"
        files.mkdir()
        copies.mkdir()
        server = stack.enter_context(_ours(files))
        uploads: list[float] = []
        copied: list[float] = []
        for _ in range(rounds):
            copied.append(_timed(lambda: _dd(source, copies / token_hex(8))))
            uploads.append(_timed(lambda: _put(server, content, sha256)))
            for written in (*copies.iterdir(), *(files / "uploads").iterdir()):
                written.unlink()
        kept = files / content_key(sha256)
        kept.parent.mkdir(parents=True)
        kept.write_bytes(content)
        port = stack.enter_context(_nginx(folder, files))
        buffer = bytearray(MEBIBYTE)
        target = _target(server, size, sha256)
        got: list[float] = []
        sent: list[float] = []
        for _ in range(rounds):
            sent.append(_timed(lambda: _get(port, f"/{content_key(sha256)}", size, buffer)))
            got.append(_timed(lambda: _get(server.port, target, size, buffer)))
        added, before = _crowd(server, target, downloads)
    yield from table(
        ("of 64 MiB", "ours, MB/s", "theirs, MB/s", "ours x theirs", "95 %"),
        [
            _row("upload beside dd with fsync", uploads, copied, size),
            _row("download beside nginx with sendfile", got, sent, size),
        ],
        texts=1,
    )
    yield ""
    yield (
        f"{downloads} downloads at once add {added / 1e6:.1f} MB to the server's "
        f"{before / 1e6:.0f} MB."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=_ROUNDS)
    parser.add_argument("--size", type=int, default=64, help="in MiB")
    parser.add_argument("--downloads", type=int, default=_DOWNLOADS)
    given = parser.parse_args()
    for line in measure(given.size * MEBIBYTE, given.rounds, given.downloads):
        print(line)


if __name__ == "__main__":
    main()
