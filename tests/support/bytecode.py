"""Compiled code for the servers and commands that tests start."""

import os
import sys
from pathlib import Path

_FORBIDDEN = "PYTHONDONTWRITEBYTECODE"
_FOLDER = "PYTHONPYCACHEPREFIX"


def keep() -> None:
    """Keep compiled code within the environment where Python is told to keep none.

    Tests start hundreds of processes. Each would compile all that it imports, which takes several
    times as long as all else that it does to start. Nothing is written beside the sources.
    """
    if not sys.dont_write_bytecode:
        return
    sys.dont_write_bytecode = False
    sys.pycache_prefix = os.environ.get(_FOLDER) or str(Path(sys.prefix) / "pycache")
    os.environ[_FOLDER] = sys.pycache_prefix
    os.environ.pop(_FORBIDDEN, None)
