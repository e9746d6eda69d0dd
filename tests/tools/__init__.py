"""Tools and clients of GraphQL, which run on Node, check this server."""

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
