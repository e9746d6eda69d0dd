"""Our server with graphql-core's executor: what is gained by plans, and what without them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from graphql import DocumentNode, GraphQLSchema, OperationDefinitionNode
from starlette.responses import JSONResponse
from starlette.routing import Route

from benchmarks.servers.serving import COUNTS, count_graphql_core, counts, listen
from execution import DocumentPlans, Engine, Execution
from execution.inputs import Inputs
from execution.operations import Operation
from execution.variables import Variables
from server.app import App, create_app
from server.listening import Listener
from server.settings import Settings, load_settings


class GraphqlCore(Engine):
    """Plans nothing: graphql-core executes every operation, as those that have no plan."""

    def __init__(self, schema: GraphQLSchema) -> None:
        super().__init__(schema)
        self._no_variables = Variables(schema, (), Inputs())

    def plan(
        self,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        *,
        variable_values: Mapping[str, Any] | None = None,
        hide_suggestions: bool = False,
        with_renderers: bool = False,
        unrestricted: bool = False,
        plans: DocumentPlans | None = None,
    ) -> Execution:
        unplanned = Operation(
            document,
            operation,
            fragments={},
            variables=self._no_variables,
            conditional_variables=(),
            is_supported=False,
        )
        return Execution(
            self._schema,
            self.counts,
            unplanned,
            variable_values or {},
            variables=None,
            plan=None,
            hide_suggestions=hide_suggestions,
        )


class Uncompiled(Listener):
    """Puts the other executor in when the app has started, before anything is asked."""

    def __init__(self, app: App, settings: Settings) -> None:
        super().__init__(app, settings)
        self._ours = app

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        service = self._ours.state.service
        schema = service.schema
        engine = GraphqlCore(schema.graphql)
        self._ours.serve(replace(service, schema=replace(schema, engine=engine)))


if __name__ == "__main__":
    count_graphql_core()
    settings = load_settings()
    app = create_app(settings)
    app.router.routes.append(Route(COUNTS, lambda _: JSONResponse(counts)))
    listen(lambda listening: Uncompiled(app, settings).run(sockets=[listening]))
