"""Permissions of files, which don't restrict root."""

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def without_roots_rights(*paths: Path) -> Iterator[None]:
    """Within it this process is a user like others, whom these paths belong to."""
    if os.geteuid() != 0:
        yield
        return
    nobody = pwd.getpwnam("nobody").pw_uid
    for path in paths:
        os.chown(path, nobody, -1)
        for folder in list(path.parents)[:-2]:
            folder.chmod(folder.stat().st_mode | 0o011)
    os.seteuid(nobody)
    try:
        yield
    finally:
        os.seteuid(0)
