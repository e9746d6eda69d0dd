#!/usr/bin/env bash
# SQLAlchemy's upsert of selected rows is SQL that SQLite refuses, unless the rows have a condition.
#
# SQLAlchemy 2.1.9 from PyPI, on Python 3.11 or newer, which brings SQLite itself.
# Source: https://docs.sqlalchemy.org/en/21/dialects/sqlite.html,
# https://www.sqlite.org/lang_upsert.html ("Parsing Ambiguity")
# One would guess: sqlite.insert(table).from_select(...).on_conflict_do_update(...) is rendered as
# SQL that SQLite reads, whatever is selected, since both parts belong to SQLAlchemy's dialect for
# SQLite; what PostgreSQL takes by the same construct of its dialect works on SQLite, too.
# Seen: SQLite takes the ON behind a bare FROM for the condition of a join, and raises a syntax error
# at DO. SQLAlchemy doesn't keep the two apart. With a WHERE, even one that is always true, or with
# an ORDER BY, the same statement works; so one that lost its ordering fails, on SQLite alone.
# Exits 0 as long as that is so.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check SQLAlchemy==2.1.9 >&2

cat >see.py <<'SCRIPT'
import sqlite3
import sys

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

metadata = sa.MetaData()


def articles(name):
    article = sa.Column("article", sa.Text, primary_key=True)
    return sa.Table(name, metadata, article, sa.Column("count", sa.Integer))


stock, delivered = articles("stock"), articles("delivered")
engine = sa.create_engine("sqlite://")
metadata.create_all(engine)


def outcome(rows):
    """What comes of putting the rows into the stock: nothing, or SQLite's error."""
    put = insert(stock).from_select(["article", "count"], rows)
    put = put.on_conflict_do_update(
        index_elements=[stock.c.article], set_={"count": stock.c["count"] + put.excluded["count"]}
    )
    try:
        with engine.begin() as connection:
            connection.execute(put)
    except sa.exc.OperationalError as error:
        return str(error.orig)
    return "works"


with engine.begin() as connection:
    connection.execute(delivered.insert(), [{"article": "bread", "count": 3}])
rows = sa.select(delivered)
seen = {
    "without a condition": outcome(rows),
    "with a condition that is always true": outcome(rows.where(sa.true())),
    "with an ordering": outcome(rows.order_by(delivered.c.article)),
}
print(f"SQLAlchemy {sa.__version__}, SQLite {sqlite3.sqlite_version}")
for how, came in seen.items():
    print(f"{how}: {came}")
sys.exit(list(seen.values()) != ['near "DO": syntax error', "works", "works"])
SCRIPT
timeout 60 env/bin/python see.py
