"""The steps by which the functions for many entities put the children in their places."""

from collections.abc import Mapping
from dataclasses import dataclass

from migrations.saved_tables import LoggedFields, SavedChildren


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists that a function has, with a value for each entity: the expression by the name."""

    expressions: Mapping[str, str]

    def given(self, *names: str, joins: str = "") -> str:
        """The SQL of a source of rows, in order: `number`, and the values of these names."""
        lists = ", ".join(self.expressions[name] for name in names)
        return (
            f"unnest({lists})\n        WITH ORDINALITY AS given ({', '.join(names)}, number){joins}"
        )


def upserted(key: str, children: SavedChildren, logged: LoggedFields, lists: Lists) -> str:
    """Inserts each child, or replaces the one in its place, and notes whose weren't there as they
    are."""
    columns = {logged_as: children.columns[column] for logged_as, column in logged.members.items()}
    items = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    values = ", ".join(f'item."{name}"' for name in columns)

    def texts(row: str) -> str:
        return ", ".join(
            f"{row}.{name}{'::text' if kind == 'json' else ''}"
            for name, kind in children.columns.items()
        )

    sets = ", ".join(f"{name} = excluded.{name}" for name in ("created_at", *children.columns))
    return f"""
    SELECT array_agg(found.list) INTO lists FROM (
        SELECT CASE WHEN given.is_accepted THEN given.state -> '{logged.children}' END AS list
        FROM {lists.given("state", "is_accepted")}
        ORDER BY given.number
    ) AS found;
    IF 0 < ANY(befores) THEN
        WITH surplus AS (
            DELETE FROM {children.table} AS child
            USING {lists.given(key, "before", "list")}
            WHERE child.{key} = given.{key} AND given.before > 0
                AND child.position >= json_array_length(given.list)
            RETURNING child.{key} AS key
        )
        SELECT array_agg(DISTINCT surplus.key) INTO gone FROM surplus;
    END IF;
    WITH placed AS (
        INSERT INTO {children.table} AS child (
            {key}, created_at, position, {", ".join(children.columns)}
        )
        SELECT given.{key}, given.updated_at, item.position, {values}
        FROM {lists.given(key, "updated_at", "list")},
        json_to_recordset(given.list) AS item (position integer, {items})
        ON CONFLICT ({key}, position) DO UPDATE SET {sets}
        WHERE ({texts("child")}) IS DISTINCT FROM ({texts("excluded")})
        RETURNING child.{key} AS key
    )
    SELECT array_agg(DISTINCT placed.key) INTO moved FROM placed;"""


def in_place(key: str, children: SavedChildren, logged: LoggedFields, lists: Lists) -> str:
    """Replaces the children that are there, inserts those that aren't, and notes whose weren't
    there as they are. An INSERT with ON CONFLICT costs more than an UPDATE does."""
    table = children.table
    kinds = {logged_as: children.columns[column] for logged_as, column in logged.members.items()}
    items = ", ".join(f'"{name}" {kind}' for name, kind in kinds.items())
    item_of = {column: f'item."{name}"' for name, column in logged.members.items()}

    def text(value: str, column: str) -> str:
        return f"{value}::text" if children.columns[column] == "json" else value

    stored_values = ", ".join(text(f"child.{column}", column) for column in children.columns)
    given_values = ", ".join(text(item_of[column], column) for column in children.columns)
    sets = ", ".join(f"{column} = {item_of[column]}" for column in children.columns)
    source = f"""{lists.given(key, "updated_at", "list", "count")},
            json_to_recordset(given.list) AS item (position integer, {items})"""
    return f"""
    SELECT array_agg(found.list), array_agg(found.length), array_agg(found.count),
        bool_or(found.length < found.count), bool_or(found.length > found.count)
    INTO lists, lengths, counts, have_surplus, have_more
    FROM (
        SELECT own.list, json_array_length(own.list) AS length, stored.count
        FROM {lists.given("state", "is_accepted", "before", key)}
        CROSS JOIN LATERAL (
            SELECT CASE WHEN given.is_accepted THEN given.state -> '{logged.children}' END AS list
            OFFSET 0
        ) AS own
        CROSS JOIN LATERAL (
            SELECT count(*) AS count FROM {table} AS child
            WHERE given.before > 0 AND child.{key} = given.{key}
        ) AS stored
        ORDER BY given.number
    ) AS found;
    IF have_surplus THEN
        DELETE FROM {table} AS child USING {lists.given(key, "length", "count")}
        WHERE given.length < given.count AND child.{key} = given.{key}
            AND child.position >= given.length;
    END IF;
    IF 0 < ANY(counts) THEN
        WITH placed AS (
            UPDATE {table} AS child SET created_at = given.updated_at, {sets}
            FROM {source}
            WHERE given.count > 0 AND child.{key} = given.{key} AND child.position = item.position
                AND ({stored_values}) IS DISTINCT FROM ({given_values})
            RETURNING child.{key} AS key
        )
        SELECT array_agg(DISTINCT placed.key) INTO moved FROM placed;
    END IF;
    IF have_more THEN
        INSERT INTO {table} ({key}, created_at, position, {", ".join(children.columns)})
        SELECT given.{key}, given.updated_at, item.position, {", ".join(item_of.values())}
        FROM {source}
        WHERE item.position >= given.count;
    END IF;
    SELECT array_agg(given.{key}) INTO gone FROM {lists.given(key, "length", "count")}
    WHERE given.length <> given.count;"""
