"""How entities are stored in memory."""
