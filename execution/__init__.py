"""A GraphQL executor that plans an operation once and then runs it level by level.

It knows graphql-core schemas and nothing of this project.
"""

from execution.document_plans import DocumentPlans
from execution.engine import Engine, Execution
from execution.plans import (
    Always,
    BatchResolver,
    Bind,
    Given,
    Resolver,
    Selected,
    Unwritten,
    Write,
    Writer,
)

__all__ = [
    "Always",
    "BatchResolver",
    "Bind",
    "DocumentPlans",
    "Engine",
    "Execution",
    "Given",
    "Resolver",
    "Selected",
    "Unwritten",
    "Write",
    "Writer",
]
