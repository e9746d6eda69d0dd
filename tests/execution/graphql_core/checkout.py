"""graphql-core's source distribution, the one that our lock names: it has graphql-core's tests."""

import tarfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from uv import find_uv_bin

from tests.support.processes import CommandFailed, output_of

PROJECT: Final = Path(__file__).parents[3]

PIP: Final = "pip==26.3"
"""uv can't download what it doesn't install."""

DESCRIBE: Final = (
    "pytest-describe==3.2.0"
    " --hash=sha256:ea4ef9968145d017847b0e705d058b1ea35ea35c59b5adf4a34378c418ac455a"
)
"""The packages that graphql-core's tests need beside the project's own."""


class Unreachable(Exception):
    """The registry didn't give what was asked for."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """The unpacked distribution, and a folder with the packages that its tests need."""

    folder: Path
    packages: Path


def checkout(cache: Path) -> Checkout:
    """The distribution from the cache, or else from the registry. Raises Unreachable."""
    version, digest = _locked()
    kept = cache / version
    if not kept.exists():
        with TemporaryDirectory(dir=cache) as folder:
            fetched = Path(folder) / version
            fetched.mkdir()
            _fetch(f"graphql-core=={version} --hash={digest}", fetched)
            fetched.rename(kept)
    return Checkout(kept / f"graphql_core-{version}", kept / "packages")


def _locked() -> tuple[str, str]:
    """The version, and the hash of its source distribution."""
    lock = tomllib.loads((PROJECT / "uv.lock").read_text("utf-8"))
    [package] = [one for one in lock["package"] if one["name"] == "graphql-core"]
    return package["version"], package["sdist"]["hash"]


def _fetch(distribution: str, folder: Path) -> None:
    wanted = folder / "wanted.txt"
    wanted.write_text(distribution, "utf-8")
    download = ["download", "--quiet", "--no-deps", "--no-binary=graphql-core", "--require-hashes"]
    _uv(folder, "tool", "run", "--from", PIP, "pip", *download, f"--requirement={wanted}")
    [archive] = folder.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        # Python 3.11.4 was the first to have filters.
        tar.extraction_filter = getattr(tarfile, "data_filter", lambda member, _: member)
        tar.extractall(folder)
    wanted.write_text(DESCRIBE, "utf-8")
    target = ("--target", "packages", "--no-deps", "--require-hashes")
    _uv(folder, "pip", "install", "--quiet", *target, "--requirements", str(wanted))


def _uv(folder: Path, *arguments: str) -> None:
    try:
        output_of(
            [find_uv_bin(), *arguments],
            folder=folder,
            variables={"UV_SYSTEM_CERTS": "1", "UV_PYTHON_DOWNLOADS": "never"},
            timeout=600,
        )
    except CommandFailed as error:
        if "hash" in str(error).lower().replace("--require-hashes", ""):
            raise
        raise Unreachable(str(error).strip().splitlines()[-1]) from error
