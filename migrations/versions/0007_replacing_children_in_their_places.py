"""replacing children in their places, on PostgreSQL

The functions of 0006 for entities with children are made anew. They take the children as one JSON
text, and change the rows that are there already: a row that stays keeps its entries in the indexes,
and its reference to its parent isn't checked again.
"""

from typing import Any

from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    for entities in _parents():
        op.execute(f"DROP FUNCTION save_{entities.table}")
        op.execute(_creation(entities))


def downgrade() -> None:
    for entities in _parents():
        op.execute(f"DROP FUNCTION save_{entities.table}")
        op.execute(_before()._creation(entities))


def _before() -> Any:
    """The revision that made the functions, which has the columns: they are the same still."""
    return op.get_context().opts["script"].get_revision("0006").module


def _parents() -> list[Any]:
    """The entities with children, where there are functions."""
    if op.get_context().dialect.name != "postgresql":
        return []
    return [entities for entities in _before().ENTITIES if entities.children is not None]


def _creation(entities: Any) -> str:
    """The function's parameters, by number: the columns, `created_at`, `updated_at`, the expected
    revision or null, and a JSON list of the children with their positions, or null to leave them.
    The positions are 0, 1, 2 …, in any order.

    It gives what is stored now, and whether that is what was to be saved.

    Its plans are made once for all values: with the values known, deleting the surplus looks so
    cheap, for there mostly is none, that PostgreSQL would plan it anew each time.
    """
    own = {**entities.columns, "created_at": "timestamptz", "updated_at": "timestamptz"}
    names = list(own)
    key, updated_at = names[0], f"${len(own)}"
    expected, given = f"${len(own) + 1}", f"${len(own) + 2}"
    changes = [f"{name} = excluded.{name}" for name in names[1:-2]] + [
        "updated_at = greatest(stored.updated_at, excluded.updated_at)",
        "revision = stored.revision + 1",
    ]
    condition = f"({expected} IS NULL OR stored.revision = {expected})"
    if entities.unchanging is not None:
        condition += f" AND stored.{entities.unchanging} = excluded.{entities.unchanging}"
    children = entities.children.table
    columns = entities.children.columns
    child_changes = [f"{name} = excluded.{name}" for name in ("created_at", *columns)]
    # A JSON document is a text within the list, and has to stay that text.
    kinds = {name: "text" if kind == "json" else kind for name, kind in columns.items()}
    items = ", ".join(f"{name} {kind}" for name, kind in {"position": "integer", **kinds}.items())
    values = ", ".join(f"item.{name}::{kind}" for name, kind in columns.items())
    return f"""
CREATE FUNCTION save_{entities.table}({", ".join([*own.values(), "integer", "json"])})
RETURNS TABLE (
    stored_created_at timestamptz,
    stored_updated_at timestamptz,
    stored_revision integer,
    is_saved boolean
)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $body$
BEGIN
    INSERT INTO {entities.table} AS stored ({", ".join(names)}, revision)
    VALUES ({", ".join(f"${number}" for number in range(1, len(own) + 1))}, 1)
    ON CONFLICT ({key}) DO UPDATE SET {", ".join(changes)}
    WHERE {condition}
    RETURNING stored.created_at, stored.updated_at, stored.revision
    INTO stored_created_at, stored_updated_at, stored_revision;
    is_saved := FOUND;
    IF NOT is_saved THEN
        stored_revision := coalesce(
            (SELECT stored.revision FROM {entities.table} AS stored WHERE stored.{key} = $1), 0);
        RETURN NEXT;
        RETURN;
    END IF;
    IF stored_revision = 1 AND {expected} > 0 THEN
        DELETE FROM {entities.table} AS stored WHERE stored.{key} = $1;
        stored_revision := 0;
        is_saved := false;
        RETURN NEXT;
        RETURN;
    END IF;
    IF {given} IS NOT NULL THEN
        IF stored_revision > 1 THEN
            DELETE FROM {children} AS child
            WHERE child.{key} = $1 AND child.position >= json_array_length({given});
        END IF;
        INSERT INTO {children} ({key}, created_at, position, {", ".join(columns)})
        SELECT $1, {updated_at}, item.position, {values}
        FROM json_to_recordset({given}) AS item ({items})
        ON CONFLICT ({key}, position) DO UPDATE SET {", ".join(child_changes)};
    END IF;
    RETURN NEXT;
END
$body$"""
