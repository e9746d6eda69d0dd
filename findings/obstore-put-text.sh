#!/usr/bin/env bash
# obstore.put takes a text for the path of a file, and stores what that file contains.
#
# obstore 0.12.1 from PyPI, on Python 3.11 or newer.
# Source: https://pypi.org/project/obstore/
# One would guess: a `str` is refused, as its type hints have bytes, buffers, iterators, open files
# and Path but no `str`; or else it's stored as UTF-8, as open files in text mode would.
# Seen: it's opened as a path. A program that stores a text which somebody else sent, and forgot to
# encode it, stores any file of the machine that the sender names; for all other texts it fails with
# FileNotFoundError, which looks as if the store had no such key.
# Exits 0 as long as that is so.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check obstore==0.12.1 >&2
echo -n "what nobody should read" >secret

cat >see.py <<'SCRIPT'
import obstore
from obstore.store import MemoryStore

store = MemoryStore()


def stored(comment):
    try:
        obstore.put(store, "comment", comment)
    except Exception as error:
        return type(error).__name__
    return bytes(obstore.get(store, "comment").bytes()).decode()


print("encoded:", stored(b"secret"))
print("a text:", stored("a comment"))
print("the name of a file:", stored("secret"))
SCRIPT

env/bin/python see.py | tee seen
diff seen - <<'EXPECTED'
encoded: secret
a text: FileNotFoundError
the name of a file: what nobody should read
EXPECTED
