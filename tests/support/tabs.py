"""The tabs that GraphiQL opens with."""

from graphql import OperationDefinitionNode, parse

from server.graphiql import Tab, graphiql_tabs

TABS = graphiql_tabs()


def operation_of(tab: Tab) -> OperationDefinitionNode:
    return operation_of_text(tab.query)


def operation_of_text(text: str) -> OperationDefinitionNode:
    [operation] = parse(text).definitions
    assert isinstance(operation, OperationDefinitionNode)
    return operation


def names_of_tabs() -> list[str]:
    """The names of their operations, in order."""
    return [name.value for tab in TABS if (name := operation_of(tab).name)]
