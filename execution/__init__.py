"""A GraphQL executor that plans an operation once and then runs it level by level.

It knows graphql-core schemas and nothing of this project.
"""

from execution.bindings import (
    OWN_RESOLVER,
    Always,
    ArgumentsOf,
    BatchResolver,
    Bind,
    FieldBinding,
    Render,
    Renderer,
    Resolver,
    SelectedField,
    Unrendered,
)
from execution.document_plans import DocumentPlans
from execution.engine import Engine, Execution

__all__ = [
    "OWN_RESOLVER",
    "Always",
    "ArgumentsOf",
    "BatchResolver",
    "Bind",
    "DocumentPlans",
    "Engine",
    "Execution",
    "FieldBinding",
    "Render",
    "Renderer",
    "Resolver",
    "SelectedField",
    "Unrendered",
]
