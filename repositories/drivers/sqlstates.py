"""The meaning of PostgreSQL's error codes for a unit of work."""

_CONFLICTS = frozenset({"40001", "40P01", "23505"})
"""Serialization failure, deadlock, unique violation."""

_TIMEOUTS = frozenset({"57014", "55P03", "25P03", "25P04"})
"""`statement_timeout` or an operator's cancel, `lock_timeout`, `transaction_timeout` and
`idle_in_transaction_session_timeout`: limits that somebody set outside of this server."""

_NODE_FAILURES = ("08", "28", "3D", "53", "57P", "58")
"""Connection exceptions, refused logins, no such database, insufficient resources, the server's
operators, errors of the system below it."""

_UNDEFINED = frozenset({"42883", "42P01", "42703", "3F000", "0A000"})
"""Undefined function, table, column or schema; a result of another shape than before."""

READ_ONLY = "25006"
"""The node is read-only: it's a standby, or became one."""

DISK_FULL = "53100"
"""There was no room for what the statement wanted to write."""


def is_conflict(sqlstate: str) -> bool:
    """Whether the same unit of work may succeed when it runs again at once."""
    return sqlstate in _CONFLICTS


def is_timeout(sqlstate: str | None) -> bool:
    """Whether a limit of the database ended the statement, or the whole connection."""
    return sqlstate in _TIMEOUTS


def is_undefined_object(sqlstate: str | None) -> bool:
    """Whether a table, a column or a function that this code uses is missing."""
    return sqlstate in _UNDEFINED


def is_node_failure(sqlstate: str | None) -> bool:
    """Whether another node or connection may succeed, or this node later."""
    return sqlstate is not None and (sqlstate == READ_ONLY or sqlstate.startswith(_NODE_FAILURES))
