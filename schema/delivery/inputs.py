"""Inputs for delivery packages: commands, filters and orders."""

from __future__ import annotations

from enum import StrEnum

import strawberry

from domain import delivery
from domain.bulk import ErrorPolicy
from repositories.criteria import Direction
from repositories.registry import Entities
from schema.bulk import error_policy, rows
from schema.commands import command_input, deletion_of, expected_revision, optional, required
from schema.descriptions import (
    FORMAT,
    ITEMS,
    KEY,
    NAME,
    OWN_KEY,
    UNCHECKED,
    URL,
    describe_enum,
)
from schema.filtering import (
    ALL_HOLD,
    DateTimeFilter,
    IDFilter,
    IntFilter,
    NullableIDFilter,
    all_of,
    any_of,
    none_of,
    on,
    order_direction,
    order_field,
)

_TRACED = (
    "Left out, an artifact that the stored package has as well, with the same file, or with the "
    "same URL, name and format, keeps what it has there, unless the package gets another draft; "
    "any other gets what the draft has now."
)


@command_input(delivery.DeliveryArtifact, "A file that the client gets.")
class DeliveryArtifactInput:
    name: str = required("What it's called.", NAME)
    url: str | None = optional(
        "Where it is. It isn't checked whether it leads anywhere. Left out for a file that is kept "
        "here, and required for others.",
        URL,
    )
    format: str = required("What it is, such as `pdf`.", FORMAT)
    file_id: strawberry.ID | None = optional(
        "The file that is kept here: it has to be there, and to be no other client's than the "
        "package. Left out for files that are elsewhere.",
        KEY,
    )
    draft_revision: int | None = optional(
        "The revision of the draft that it's made from. 1 or more.", _TRACED, UNCHECKED
    )
    qc_result_id: strawberry.ID | None = optional(
        "The QC result that the draft had then, given with `qcRevision`.",
        _TRACED,
        UNCHECKED,
        KEY,
    )
    qc_revision: int | None = optional(
        "The revision of that QC result, given with `qcResultId`. 1 or more.", UNCHECKED
    )


@command_input(
    delivery.SaveDeliveryPackage,
    "A delivery package, whole. A stored one with this key is replaced.",
)
class SaveDeliveryPackageInput:
    package_id: strawberry.ID | None = optional("The package's key.", OWN_KEY, KEY)
    draft_id: strawberry.ID = required(
        "The draft that is delivered, whether it passed QC or not.", UNCHECKED, KEY
    )
    artifacts: list[DeliveryArtifactInput] | None = optional(
        "The files that the client gets, in order; none by default.", ITEMS
    )
    expected_revision: int | None = expected_revision()


@command_input(delivery.SaveDeliveryPackages, "Delivery packages, each of them whole.")
class SaveDeliveryPackagesInput:
    rows: list[SaveDeliveryPackageInput] = rows()
    error_policy: ErrorPolicy | None = error_policy()


@command_input(deletion_of(Entities.delivery_packages), "Which package to delete.")
class DeleteDeliveryPackageInput:
    package_id: strawberry.ID = required("The package that is deleted.", KEY)
    expected_revision: int | None = expected_revision()


@strawberry.input(description=f"Conditions on delivery packages; {ALL_HOLD}")
class DeliveryPackageFilter:
    package_id: IDFilter | None = on("packageId")
    draft_id: IDFilter | None = on("draftId")
    client_id: NullableIDFilter | None = on("clientId")
    revision: IntFilter | None = on("revision")
    created_at: DateTimeFilter | None = on("createdAt")
    updated_at: DateTimeFilter | None = on("updatedAt")
    and_: list[DeliveryPackageFilter] | None = all_of()
    or_: list[DeliveryPackageFilter] | None = any_of()
    not_: DeliveryPackageFilter | None = none_of()


class DeliveryPackageOrderField(StrEnum):
    PACKAGE_ID = "package_id"
    DRAFT_ID = "draft_id"
    REVISION = "revision"
    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"


describe_enum(
    DeliveryPackageOrderField,
    "What delivery packages can be ordered by.",
    PACKAGE_ID="By `packageId`.",
    DRAFT_ID="By `draftId`.",
    REVISION="By `revision`.",
    CREATED_AT="By `createdAt`.",
    UPDATED_AT="By `updatedAt`.",
)


@strawberry.input(description="An order of delivery packages.")
class DeliveryPackageOrder:
    field: DeliveryPackageOrderField = order_field()
    direction: Direction = order_direction()
