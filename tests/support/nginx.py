"""nginx, from Debian's package, in front of a server."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from string import Template

import pytest

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
            location / { $passing $location }
        }
    }
    """
)


_KEPT = "proxy_pass http://aicmo; proxy_http_version 1.1;"
"""Connections are kept."""


@contextmanager
def nginx(
    folder: Path,
    address: str,
    *,
    upstream: str = "",
    passing: str = _KEPT,
    location: str = "",
) -> Iterator[str]:
    """Where it listens, in front of the address; with these lines for what is behind it.

    Skips the test where there is no nginx.
    """
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if program is None:
        pytest.skip("there is no nginx: Debian has it as nginx-light")
    # It takes over a socket that listens already, as it does from the nginx that it is to replace:
    # nobody else can take the port, and who connects before it is ready waits.
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        file = folder / "nginx.conf"
        file.write_text(
            _SETTINGS.substitute(
                folder=folder,
                address=address,
                port=port,
                upstream=upstream,
                passing=passing,
                location=location,
            )
        )
        process = subprocess.Popen(
            [program, "-p", str(folder), "-c", str(file)],
            env=os.environ | {"NGINX": f"{listening.fileno()};"},
            pass_fds=[listening.fileno()],
        )
    with process:
        try:
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()
