"""What tests ask of a database's connection pools."""

from sqlalchemy import AsyncAdaptedQueuePool

from repositories.engine import Database


def connections_in_use(database: Database) -> int:
    """How many connections units of work hold at this moment."""
    pools = {id(engine.pool): engine.pool for engine in (database.readers, database.writers)}
    in_use = 0
    for pool in pools.values():
        assert isinstance(pool, AsyncAdaptedQueuePool)
        in_use += pool.checkedout()
    return in_use
