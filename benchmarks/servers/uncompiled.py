"""Our server with graphql-core's executor: what is gained by plans, and what without them."""

from collections.abc import Mapping
from dataclasses import replace
from inspect import isawaitable
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    OperationDefinitionNode,
    execute,
)

from benchmarks.servers.serving import listen
from execution import Engine
from server.app import create_app
from server.listening import Listener
from server.settings import load_settings


class GraphqlCore(Engine):
    """Plans nothing."""

    async def execute(
        self,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        *,
        variable_values: Mapping[str, Any] | None = None,
        root_value: Any = None,
        context_value: Any = None,
        hide_suggestions: bool = False,
        to_write: bool = False,
    ) -> ExecutionResult:
        result = execute(
            self._schema,
            document,
            root_value,
            context_value,
            dict(variable_values or {}),
            operation.name.value if operation.name else None,
            hide_suggestions=hide_suggestions,
        )
        return await result if isawaitable(result) else result


class Uncompiled(Listener):
    """Puts the other executor in when the app has started, before anything is asked."""

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        state = self._app.state
        schema = state.service.schema
        engine = GraphqlCore(schema.graphql)
        state.service = replace(state.service, schema=replace(schema, engine=engine))


if __name__ == "__main__":
    settings = load_settings()
    listen(lambda listening: Uncompiled(create_app(settings), settings).run(sockets=[listening]))
