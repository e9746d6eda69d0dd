"""nginx, from Debian's package, in front of a server."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from string import Template

import pytest

from tests.support.patience import SECONDS

_SETTINGS = Template(
    """
    daemon off;
    worker_processes 1;
    error_log stderr warn;
    pid $folder/pid;
    events {}
    http {
        access_log off;
        client_body_temp_path $folder/body;
        proxy_temp_path $folder/proxy;
        fastcgi_temp_path $folder/fastcgi;
        uwsgi_temp_path $folder/uwsgi;
        scgi_temp_path $folder/scgi;
        upstream aicmo { server $address; keepalive 4; $upstream }
        server {
            listen 127.0.0.1:$port;
            location / { proxy_pass http://aicmo; proxy_http_version 1.1; $location }
        }
    }
    """
)


@contextmanager
def nginx(folder: Path, address: str, *, upstream: str = "", location: str = "") -> Iterator[str]:
    """Where it listens, in front of the address; with these lines for what is behind it.

    Skips the test where there is no nginx.
    """
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if program is None:
        pytest.skip("there is no nginx: Debian has it as nginx-light")
    port = _free_port()
    file = folder / "nginx.conf"
    file.write_text(
        _SETTINGS.substitute(
            folder=folder, address=address, port=port, upstream=upstream, location=location
        )
    )
    command = [program, "-p", str(folder), "-c", str(file)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            _wait_for(port, process)
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def _wait_for(port: int, process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            assert process.stderr is not None
            raise RuntimeError(f"nginx did not start:\n{process.stderr.read()}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError("nginx did not listen in time")
