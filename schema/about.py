"""The description of the schema itself: what holds for all of it."""

from collections.abc import Mapping
from typing import Final

from schema.errors import TopLevelCode
from schema.pagination import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE

_CODES: Final[Mapping[TopLevelCode, str]] = {
    TopLevelCode.GRAPHQL_PARSE_FAILED: (
        "the document isn't GraphQL. Don't repeat the request as it is."
    ),
    TopLevelCode.GRAPHQL_VALIDATION_FAILED: (
        "the document doesn't fit this schema. Don't repeat the request as it is."
    ),
    TopLevelCode.BAD_USER_INPUT: (
        "a variable, an argument or the request makes no sense. Don't repeat it as it is."
    ),
    TopLevelCode.CURSOR_EXPIRED: (
        "the log doesn't have all events after the cursor that a subscription was given. Don't "
        "repeat the request as it is: subscribe without it, then read the entities again."
    ),
    TopLevelCode.STATE_EXPIRED: (
        "the log doesn't know any more what the entity was then: its event was removed, or the "
        "entity is older than the log. Don't repeat the request as it is."
    ),
    TopLevelCode.UNAUTHENTICATED: (
        "the request has no credentials, or others than valid ones. Don't repeat it without such."
    ),
    TopLevelCode.FORBIDDEN: (
        "you may not read this field, or not run this mutation, which stored nothing then. Don't "
        "repeat the request as it is."
    ),
    TopLevelCode.LIMIT_EXCEEDED: (
        "the operation asks for more than one operation may; `extensions` name the limit. Ask for "
        "less. With the HTTP status 503 the server has no room at the moment, and you may repeat "
        "the request after a pause."
    ),
    TopLevelCode.RATE_LIMITED: (
        "you have asked for more in a minute, or follow more at once, than a caller may. Repeat "
        "the request after a pause; `extensions` say after how many seconds."
    ),
    TopLevelCode.PERSISTED_QUERY_NOT_FOUND: (
        "the server doesn't know the query of this hash. Repeat the request with the query."
    ),
    TopLevelCode.PERSISTED_QUERY_NOT_SUPPORTED: (
        "persisted queries are switched off. Repeat the request with the query alone."
    ),
    TopLevelCode.TIMEOUT: (
        "it took too long; a mutation that fails so stored nothing. Repeat the request later."
    ),
    TopLevelCode.UNAVAILABLE: (
        "the database can't be reached or is too busy; a mutation that fails so stored nothing, "
        "unless the connection to the database broke while it committed. Repeat the request later."
    ),
    TopLevelCode.INTERNAL_SERVER_ERROR: (
        "a fault of the server. Don't repeat the request automatically; report the request id that "
        "the message has."
    ),
}

_LIST_OF_CODES: Final = "\n".join(f"- `{code}`: {meaning}" for code, meaning in _CODES.items())

SCHEMA_DESCRIPTION: Final = f"""\
AICMO is the system of record of a marketing agency's campaign pipeline: a client's brief goes \
in, and a delivery package comes out.

**Start here.** To write, follow the pipeline: `submitIntake`, `normalizeBrief`, \
`saveStrategyPlan`, `approveStrategyPlan`, `saveCampaign`, `saveDraft`, `recordQcResult`, \
`saveDeliveryPackage`. To read, begin with a list such as `deliveryPackages` or with one entity \
such as `brief`, and follow its fields to the others. To follow a package, subscribe to \
`deliveryPackageChanged`; to follow everything, to `events`, which goes on after any `cursor`.

**The server enforces little of that order.** `normalizeBrief` needs its brief, and a decision \
its plan. A save doesn't check whether the entities that it refers to are stored; a field that \
leads to one that isn't stored is null. The server takes campaigns and drafts for a plan that \
isn't approved, and packages of a draft that failed QC or was never checked. A client that wants \
such a gate reads `approval` or `passed` first.

**Keys.** Fields and arguments such as `briefId` and `draftId` are business keys, which you may \
choose. Only `id`, `node`, `nodes`, `deletedId` and `nodeId` use global ids, which are opaque and \
never change.

**Lists** of entities are connections: pages of {DEFAULT_PAGE_SIZE} items by default and at most \
{MAX_PAGE_SIZE}, with `first` and `after`, or `last` and `before`, a `filter` and an order. All \
fields of a query see one state of the database.

**A save replaces the whole entity** with all that belongs to it: an optional field that is left \
out becomes absent or gets its default. With `expectedRevision` it fails if somebody else \
changed the entity meanwhile; without it the latest save wins.

**Ask first.** `availableActions` of an entity says which mutations about it you may do now, and \
what is in the way of others. Any mutation with `validateOnly` answers as it would, and stores \
nothing.

**Nothing is forgotten.** Every change is recorded with who asked for it: `events` has all \
changes, each entity has its `history`, and `asOf` gives it as it was.

**Expected failures** of a mutation are in the `errors` of its payload; nothing was stored then. \
Everything else is an error of the response, with one of these in its `extensions` as `code`:

{_LIST_OF_CODES}

**Repeating a mutation** whose outcome you don't know, because of such a code or because no \
answer came: a save under a key of your own may be repeated safely, since it leaves one entity \
however often it's sent, and so may `recordQcResult`, because a draft has one result. The \
repetition raises the revision again, and replaces what somebody else saved in between. \
`startRun` under a key of your own gives the run that is there, and changes nothing. Without a \
key each of them makes another entity. A repeated decision is answered with an \
InvalidTransitionError, a repeated deletion with a NotFoundError and a repetition with \
`expectedRevision` with a RevisionConflictError, if the first one was stored.

**Limits.** The description of each field of an input says what it takes. The server also limits \
the size, the depth and the cost of an operation."""
