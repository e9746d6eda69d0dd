"""Statements that end when they are ended."""

FOREVER = {
    "sqlite": (
        "WITH RECURSIVE numbers(number) AS "
        "(SELECT 1 UNION ALL SELECT number + 1 FROM numbers) SELECT count(*) FROM numbers"
    ),
    "postgresql": "SELECT pg_sleep(600)",
}
