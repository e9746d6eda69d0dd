"""A GraphQL executor that plans an operation once and then runs it level by level.

It knows graphql-core schemas and nothing of this project.
"""

from execution.bindings import (
    OWN_RESOLVER,
    ArgumentsOf,
    BatchResolver,
    Bind,
    ConstantBind,
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
    "ArgumentsOf",
    "BatchResolver",
    "Bind",
    "ConstantBind",
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
