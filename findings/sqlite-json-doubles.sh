#!/usr/bin/env bash
# SQLite's JSON functions lose digits of doubles, or keep them, depending on SQLite's version.
#
# SQLite 3.53.0 and 3.54.1, by apsw 3.53.0.0 and 3.54.1.0 from PyPI, on Python 3.11 or newer.
# Source: https://pypi.org/project/apsw/
# One would guess: JSON that the database makes of a stored double is read back as the same double.
# Seen: up to 3.53.0, json_quote and json_object write 15 significant digits, so that the sum of 0.1
# and 0.2 becomes 0.3, another double. 3.54.1 writes 17 where they are needed. A server that answers
# with JSON of the database thus tells other numbers after an upgrade of the library alone.
# Exits 0 as long as that is so.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
for version in 3.53.0.0 3.54.1.0; do
  env/bin/pip install --quiet --disable-pip-version-check --target "$version" "apsw==$version" >&2
done

cat >see.py <<'SCRIPT'
import json

import apsw

stored = 0.1 + 0.2
connection = apsw.Connection(":memory:")
connection.execute("CREATE TABLE scores (score REAL)")
connection.execute("INSERT INTO scores VALUES (?)", (stored,))
[(text, same)] = connection.execute("SELECT json_quote(score), score FROM scores").fetchall()
assert same == stored
print(apsw.sqlite_lib_version(), text, json.loads(text) == stored)
SCRIPT

for version in 3.53.0.0 3.54.1.0; do
  PYTHONPATH=$version env/bin/python see.py
done | tee seen
diff seen - <<'EXPECTED'
3.53.0 0.3 False
3.54.1 0.30000000000000004 True
EXPECTED
