#!/usr/bin/env bash
# SQLite's json_object takes 63 members, or 500, depending on SQLite's version.
#
# SQLite 3.46.1 and 3.48.0, by apsw 3.46.1.0 and 3.48.0.0 from PyPI, on Python 3.11 or newer.
# Source: https://pypi.org/project/apsw/, https://www.sqlite.org/limits.html
# One would guess: a function that takes any number of arguments takes as many as a statement may
# have columns (2,000), or as the compiled-in limit of functions that one has once tried.
# Seen: 3.46.1 refuses the 64th member, 3.48.0 the 501st, both when the statement is prepared.
# Clients of an API choose how many members there are, by aliases: SQL that works on a new system
# fails on the SQLite of a stable distribution.
# Exits 0 as long as that is so.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
for version in 3.46.1.0 3.48.0.0; do
  env/bin/pip install --quiet --disable-pip-version-check --target "$version" "apsw==$version" >&2
done

cat >see.py <<'SCRIPT'
import apsw

connection = apsw.Connection(":memory:")


def is_taken(members):
    arguments = ", ".join(f"'member{number}', {number}" for number in range(members))
    try:
        connection.execute(f"SELECT json_object({arguments})").fetchall()
    except apsw.SQLError as error:
        assert "too many arguments" in str(error), error
        return False
    return True


most = max(filter(is_taken, range(1, 1_000)))
print(apsw.sqlite_lib_version(), most)
SCRIPT

for version in 3.46.1.0 3.48.0.0; do
  PYTHONPATH=$version env/bin/python see.py
done | tee seen
diff seen - <<'EXPECTED'
3.46.1 63
3.48.0 500
EXPECTED
