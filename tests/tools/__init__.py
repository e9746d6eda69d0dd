"""What the GraphQL world's own tools and clients say of this server; they run on Node."""

from functools import cache
from pathlib import Path

from tests.support.node import NodeProject

FOLDER = Path(__file__).parent


@cache
def node_tools() -> NodeProject:
    """The tools of this folder's package.json, installed when first asked for."""
    project = NodeProject(FOLDER)
    project.install()
    return project
