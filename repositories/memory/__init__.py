"""The storage of entities in memory."""
