"""Failures of storage that a unit of work meets."""

from domain.errors import Unavailable


class WriteConflict(Unavailable):
    """Another writer changed the same rows; the unit of work has to be repeated from its start."""

    def __init__(self) -> None:
        super().__init__("Too many writers of the same data; try again.")


class SchemaChanged(Unavailable):
    """Somebody has migrated the database to a schema that lacks what this code needs."""
