"""How entities are stored in a database, in SQL."""
