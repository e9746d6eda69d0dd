"""docs/clients.md, followed to the letter: its files written, its commands run, on a real server."""

import re
import shlex
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from schema.export import SCHEMA_FILE
from tests.support.node import NPM
from tests.support.servers import OverHttp
from tests.support.uv import PythonProject
from tests.tools import node_tools
from tests.tools.following import following

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "clients.md").read_text("utf-8")
ADDRESS = "http://127.0.0.1:8000/graphql"
DELIVERED = ["package-payback-guide", "package-starter-set-mail", "package-ten-trails-by-train"]
"""The demo agency's packages, newest first."""

pytestmark = pytest.mark.timeout(300)

_SECTION = re.compile(r"^## (?P<name>.+)\n(?P<text>.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)
_BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r"(?://|#) (?P<name>\S+\.\w+)\n")

SECTIONS = {section["name"]: section["text"] for section in _SECTION.finditer(PAGE)}


def write_files(section: str, folder: Path, url: str) -> None:
    """Every block that begins with the name of its file."""
    for block in _BLOCK.finditer(SECTIONS[section]):
        if file := _FILE.match(block["text"]):
            path = folder / file["name"]
            path.parent.mkdir(parents=True, exist_ok=True)
            text = block["text"].replace(ADDRESS, url)
            path.write_text(text.partition("\n")[2] if path.suffix == ".json" else text)


def commands(section: str) -> list[list[str]]:
    return [
        shlex.split(line)
        for block in _BLOCK.finditer(SECTIONS[section])
        if block["language"] == "sh"
        for line in block["text"].splitlines()
    ]
