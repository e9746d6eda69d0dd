"""The limit: PostgreSQL makes the whole answer by one statement, Python only passes it on.

It knows the scenarios' documents by heart, and neither reads nor checks GraphQL. No server in
Python that does can be faster.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson

from benchmarks.scenarios import LIST, SMALL
from benchmarks.servers.serving import (
    STATEMENTS,
    Receive,
    Scope,
    Send,
    by_uvicorn,
    counts,
    database,
    listen,
)

_LIST = """
SELECT json_build_object(
  'deliveryPackages', json_build_object(
    'totalCount', (SELECT count(*) FROM delivery_packages),
    'pageInfo', json_build_object(
      'hasNextPage', count(*) > $1,
      'hasPreviousPage', false,
      'startCursor', min(place) FILTER (WHERE number = 1),
      'endCursor', min(place) FILTER (WHERE number = $1)
    ),
    'nodes', json_agg(node ORDER BY number) FILTER (WHERE number <= $1)
  )
)::text
FROM (
  SELECT
    row_number() OVER (ORDER BY package.created_at DESC, package.package_id) AS number,
    package.created_at || package.package_id AS place,
    json_build_object(
      'packageId', package.package_id,
      'revision', package.revision,
      'createdAt', package.created_at,
      'updatedAt', package.updated_at,
      'artifacts', artifacts.items,
      'draft', json_build_object(
        'draftId', draft.draft_id,
        'contentType', draft.content_type,
        'title', draft.title,
        'qcResult', json_build_object(
          'resultId', result.result_id,
          'passed', result.passed,
          'score', result.score,
          'evaluatedAt', result.evaluated_at,
          'issues', issues.items
        )
      )
    ) AS node
  FROM (
    SELECT * FROM delivery_packages ORDER BY created_at DESC, package_id LIMIT $1 + 1
  ) AS package
  LEFT JOIN LATERAL (
    SELECT * FROM production_drafts WHERE draft_id = package.draft_id LIMIT 1
  ) AS draft ON true
  LEFT JOIN LATERAL (
    SELECT * FROM qc_results WHERE draft_id = package.draft_id LIMIT 1
  ) AS result ON true
  CROSS JOIN LATERAL (
    SELECT json_agg(row_to_json(item)) AS items
    FROM (
      SELECT position, name, url, format FROM delivery_artifacts
      WHERE package_id = package.package_id ORDER BY position
    ) AS item
  ) AS artifacts
  CROSS JOIN LATERAL (
    SELECT json_agg(row_to_json(item)) AS items
    FROM (
      SELECT position, severity, section, reason FROM qc_issues
      WHERE result_id = result.result_id ORDER BY position
    ) AS item
  ) AS issues
) AS page
"""

_SMALL = """
SELECT json_build_object(
  'deliveryPackage', json_build_object(
    'packageId', package_id,
    'draftId', draft_id,
    'revision', revision,
    'createdAt', created_at,
    'updatedAt', updated_at,
    'artifacts', (
      SELECT json_agg(row_to_json(item))
      FROM (
        SELECT position, name, url, format FROM delivery_artifacts
        WHERE package_id = package.package_id ORDER BY position
      ) AS item
    )
  )
)::text
FROM delivery_packages AS package WHERE package_id = $1
"""

_STATEMENTS = {LIST: (_LIST, "first"), SMALL: (_SMALL, "packageId")}


class Connection(asyncpg.Connection):
    """Counts what is sent by it, also by the pool: loggers of statements would take 5 µs each."""

    async def execute(self, *arguments: Any, **named: Any) -> str:
        counts[STATEMENTS] += 1
        return await super().execute(*arguments, **named)

    async def fetchval(self, *arguments: Any, **named: Any) -> Any:
        counts[STATEMENTS] += 1
        return await super().fetchval(*arguments, **named)


class OneStatement:
    """An ASGI application without a framework."""

    def __init__(self, url: str, pool_size: int) -> None:
        self._url = url
        self._pool_size = pool_size

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        body = bytearray()
        while (message := await receive()).get("more_body", False):
            body += message["body"]
        request = orjson.loads(body + message["body"])
        statement, variable = _STATEMENTS[request["query"]]
        data = await self._pool.fetchval(statement, request["variables"][variable])
        answer = b'{"data":%b}' % data.encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(answer)),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with self._pooled():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    @asynccontextmanager
    async def _pooled(self) -> AsyncIterator[None]:
        async with asyncpg.create_pool(
            self._url,
            min_size=self._pool_size,
            max_size=self._pool_size,
            connection_class=Connection,
            server_settings={"timezone": "UTC"},
            # What it undoes is not done here, and it would be a second statement.
            reset=_nothing,
        ) as self._pool:
            yield


async def _nothing(_: object) -> None:
    pass


if __name__ == "__main__":
    listen(by_uvicorn(OneStatement(*database())))
