"""moto's S3 server for tests, from an environment of its own."""

import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from socket import socket
from time import monotonic, sleep
from typing import Final

import httpx

from tests.support.patience import SECONDS
from tests.support.servers import environment
from tests.support.uv import PythonProject

BUCKETS: Final = PythonProject(Path(__file__).parents[1] / "tools" / "buckets")
BUCKET: Final = "agency"
CREDENTIALS: Final = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "a secret of nobody",
    "AWS_REGION": "eu-central-1",
}


@contextmanager
def moto_server(log: Path) -> Iterator[str]:
    """The address of an S3 that has one bucket, and takes parts as small as one likes."""
    BUCKETS.install()
    with closing(socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    python = BUCKETS.folder / ".venv" / "bin" / "python"
    address = f"http://127.0.0.1:{port}"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [python, BUCKETS.folder / "serve.py", str(port)],
            env=environment(S3_UPLOAD_PART_MIN_SIZE="256"),
            stdout=output,
            stderr=output,
        )
        try:
            _make_bucket(address, process, log)
            yield address
        finally:
            process.kill()
            process.wait(SECONDS)


def _make_bucket(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = monotonic() + SECONDS
    while process.poll() is None and monotonic() < deadline:
        try:
            httpx.put(f"{address}/{BUCKET}").raise_for_status()
        except httpx.TransportError:
            sleep(0.05)
        else:
            return
    raise RuntimeError(f"moto did not start:\n{log.read_text()}")


def variables_of(address: str) -> dict[str, str]:
    """What the environment has to say, so that the bucket at the address is reached."""
    return {**CREDENTIALS, "AWS_ENDPOINT_URL": address}
