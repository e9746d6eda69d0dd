"""Why storage can't do what a unit of work asks for."""

from domain.errors import Unavailable


class WriteConflict(Unavailable):
    """Another writer came between; the unit of work is to be repeated from its start."""

    def __init__(self) -> None:
        super().__init__("Too many writers of the same data; try again.")


class SchemaChanged(Unavailable):
    """Somebody has migrated the database to a schema that lacks what this code needs."""
