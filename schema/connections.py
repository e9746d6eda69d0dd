"""The fields that are connections: pages of records, or of entities as JSON."""

from collections.abc import Callable, Sequence
from functools import partial
from inspect import Parameter, signature
from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from domain.scopes import Scope, read_scope
from domain.validation import LIST_LENGTH
from execution import Render, SelectedField
from repositories.criteria import PageRequest
from repositories.projections import JsonProjection, Paged, Part
from repositories.registry import EntityType
from resolvers.dataloaders import ALL, Listing, Related
from resolvers.loaders import Loaders
from schema.connection_types import Connection
from schema.context import Context, Info
from schema.cursors import Cursors, Listed
from schema.declarations import FieldResolution
from schema.filtering import MAX_FILTER_CONDITIONS, MAX_FILTER_DEPTH, criteria
from schema.pagination import After, Before, First, Last, order_of, page_size
from schema.rendered_connections import Finishing, RenderedConnection, paged_members
from schema.rendering import (
    ArgumentsOf,
    BindConverted,
    ProjectionBuilder,
    as_rendered,
)
from schema.scopes import for_scope

FILTER = (
    f"Only those that match. At most {MAX_FILTER_CONDITIONS} conditions in {MAX_FILTER_DEPTH} "
    f"levels, and {LIST_LENGTH} items in a list."
)


def page_request(
    listed: Listed,
    first: int | None = UNSET,
    after: str | None = UNSET,
    last: int | None = UNSET,
    before: str | None = UNSET,
    filter: Any = UNSET,
    order_by: Any = UNSET,
) -> PageRequest:
    """The page that the arguments of a connection ask for. Raises BadUserInput."""
    order = order_of(order_by)
    cursors = Cursors(listed, order)
    conditions = criteria(filter)
    limit, backwards = page_size(first, last)
    return PageRequest(
        limit=limit,
        order=order,
        filter=conditions,
        after=cursors.decode("after", after),
        before=cursors.decode("before", before),
        backwards=backwards,
    )


def connection(
    entity_type: EntityType[Any, Any],
    description: str,
    *,
    by: str | None = None,
    related: Callable[[Loaders], Related[Any]] | None = None,
) -> Any:
    """A field with a page of entities of a type: all of them, or those that are `related` to the
    parent, since their `by` equals the parent's attribute of that name.

    Its arguments are those of every connection; `filter` and `orderBy` are those of the type. It
    requires the scope to read the type's module.
    """

    request_of = partial(page_request, entity_type)

    def listing_of(loaders: Loaders) -> Listing[Any]:
        return loaders.of(entity_type).all if related is None else related(loaders).listing

    def renderer(selected: Sequence[SelectedField]) -> BindConverted | None:
        rendered = RenderedConnection.of(selected)
        if rendered is None:
            return None

        def bind(arguments_of: ArgumentsOf) -> Render | None:
            projections = rendered.bound(arguments_of)
            if projections is None:
                return None

            async def render(_: Sequence[Any], context: Context, **arguments: Any) -> Sequence[Any]:
                request = request_of(**arguments)
                reads = context.loaders.of(entity_type).reads
                cursors = Cursors(entity_type, request.order)
                finishing = Finishing(cursors.encode_place, context.addresses)
                return [await rendered.read(reads, request, projections, finishing)]

            return render

        return bind

    def paged(
        selected: Sequence[SelectedField], number: int, builder: ProjectionBuilder
    ) -> Paged | None:
        members = paged_members(selected, builder)
        if members is None or by is None:
            return None
        return Paged(by, entity_type.name, by, number, members)

    def part_of(selected: SelectedField, builder: ProjectionBuilder) -> Part | None:
        number = builder.page(selected, request_of)
        return paged(selected.selected or (), number, builder)

    def renderer_of_related(selected: Sequence[SelectedField]) -> BindConverted | None:
        builder = ProjectionBuilder(first_page=1)
        part = paged(selected, 0, builder)
        rendered = builder.rendered(None if part is None else JsonProjection((("", part),)))
        if rendered is None:
            return None

        def render_of(projection: JsonProjection) -> Render:
            async def render(
                parents: Sequence[Any], context: Context, **arguments: Any
            ) -> Sequence[Any]:
                assert related is not None
                assert by is not None
                bound = projection.of_pages((request_of(**arguments), *projection.pages))
                keys = [getattr(parent, by) for parent in parents]
                texts = await related(context.loaders).json.load_json(keys, bound)
                return [as_rendered(each, bound, context.addresses) for each in texts]

            return render

        return rendered.bind(render_of)

    return _field(
        entity_type,
        listing_of,
        read_scope(entity_type.module),
        description,
        by=by,
        renderer=renderer if by is None else renderer_of_related,
        part_of=None if by is None else part_of,
    )


def record_connection(
    listed: Listed, listing_of: Callable[[Loaders], Listing[Any]], scope: Scope, description: str
) -> Any:
    """A field with a page of a listing whose records are no entities; none is rendered as JSON. It
    requires the scope."""
    return _field(listed, listing_of, scope, description)


def _field(
    listed: Listed,
    listing_of: Callable[[Loaders], Listing[Any]],
    scope: Scope,
    description: str,
    *,
    by: str | None = None,
    **resolution: Any,
) -> Any:
    """The field, which reads the list of the parent's attribute `by`; None: the list of all."""

    async def resolve(parent: strawberry.Parent[Any], info: Info, **arguments: Any) -> Any:
        [connection] = await resolve_all([parent], info, **arguments)
        return connection

    async def resolve_all(parents: Sequence[Any], info: Any, **arguments: Any) -> Sequence[Any]:
        request = page_request(listed, **arguments)
        listing, cursors = listing_of(info.context.loaders), Cursors(listed, request.order)
        keys = [ALL if by is None else getattr(parent, by) for parent in parents]
        return [
            Connection(listing=listing, key=key, request=request, cursors=cursors) for key in keys
        ]

    # Each type has its own filter and order, so the signature is completed here.
    annotations = {
        "first": First,
        "after": After,
        "last": Last,
        "before": Before,
        "filter": _argument(listed, "Filter", FILTER),
        "order_by": _argument(listed, "Order", "The order; newest first by default."),
    }
    declared = signature(resolve)
    parent, info, _ = declared.parameters.values()
    given = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=UNSET, annotation=annotation)
        for name, annotation in annotations.items()
    ]
    resolve.__dict__["__signature__"] = declared.replace(parameters=[parent, info, *given])
    metadata = FieldResolution(resolve_batch=resolve_all, **resolution).metadata
    return strawberry.field(resolver=resolve, **for_scope(scope, description), metadata=metadata)


def _argument(listed: Listed, suffix: str, description: str) -> Any:
    input_type = Annotated[  # type: ignore[valid-type]
        f"{listed.name}{suffix}", strawberry.lazy(f"schema.{listed.module}.inputs")
    ]
    return Annotated[input_type | None, strawberry.argument(description=description)]
