"""The revisions of the database's schema, each of which can be undone."""
