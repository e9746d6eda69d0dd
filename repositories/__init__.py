"""Storage of entities: the only room that knows SQLAlchemy."""
