"""The callers of jobs as JSON, with what they may do and see."""

import json

from domain.callers import Caller, CallerKind
from domain.json_object import dumps
from domain.scopes import Scope


def caller_as_json(caller: Caller) -> str:
    return dumps(
        {
            "kind": caller.kind.value,
            "id": caller.id,
            "onBehalfOf": caller.on_behalf_of,
            "requestId": caller.request_id,
            "clients": None if caller.clients is None else sorted(caller.clients),
            "scopes": sorted(caller.scopes),
        }
    )


def caller_of_json(text: str) -> Caller:
    """The caller; scopes that this version doesn't know are left out."""
    found = json.loads(text)
    known = {scope.value for scope in Scope}
    clients = found["clients"]
    return Caller(
        CallerKind(found["kind"]),
        found["id"],
        found["onBehalfOf"],
        found["requestId"],
        None if clients is None else frozenset(clients),
        frozenset(Scope(scope) for scope in found["scopes"] if scope in known),
    )
