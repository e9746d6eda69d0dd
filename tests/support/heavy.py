"""Entities as heavy as their rules let them be, for the costliest operations to read."""

from typing import Final

from domain.delivery import DeliveryPackage
from domain.json_object import JsonObject
from domain.production import Draft
from domain.validation import (
    BODY_LENGTH,
    JSON_BYTES,
    LIST_LENGTH,
    NAME_LENGTH,
    PROSE_LENGTH,
    URL_LENGTH,
)
from repositories.unit_of_work import Repositories, UnitOfWork
from schema.node import global_id
from tests import builders as build
from tests.support.costly import Keys
from tests.support.sources import START

PLAN: Final = "heavy-plan"
_NUMBERS: Final = range(40)
_ESCAPED: Final = "é\n"


async def fill_heavily(repositories: Repositories, share: float = 1.0) -> None:
    """Save them, first in every list by its default order; of each length and number a share."""

    def of(most: int) -> int:
        return max(int(most * share), 1)

    newest = {"created_at": START.replace(year=2090), "updated_at": START.replace(year=2090)}
    prose = _ESCAPED * (of(PROSE_LENGTH) // 2)
    url = "https://example.com/".ljust(of(URL_LENGTH), "u")

    async def save_plans(unit: UnitOfWork) -> None:
        await unit.briefs.save(
            build.brief(
                "heavy-brief",
                objectives=(prose,) * of(LIST_LENGTH),
                responses=JsonObject.of({"a": "n" * (of(JSON_BYTES) - 10)}),
                **newest,
            )
        )
        await unit.strategy_plans.save(
            build.plan(
                PLAN,
                brief_id="heavy-brief",
                recommendations=tuple(
                    build.recommendation(position=place, rationale=prose)
                    for place in range(of(LIST_LENGTH))
                ),
                **newest,
            )
        )

    async def save_drafts(unit: UnitOfWork) -> None:
        for number in _NUMBERS:
            await unit.drafts.save(
                build.draft(
                    f"heavy-draft-{number}",
                    strategy_id=PLAN,
                    title="t" * of(NAME_LENGTH),
                    body=_ESCAPED * (of(BODY_LENGTH) // 2),
                    metadata=JsonObject.of({"many": [1] * (of(JSON_BYTES) // 3)}),
                    **newest,
                )
            )
            await unit.delivery_packages.save(
                build.package(
                    f"heavy-package-{number}",
                    draft_id=f"heavy-draft-{number}",
                    artifacts=tuple(
                        build.artifact(position=place, url=url if number % 2 else "https://a.b/")
                        for place in range(of(LIST_LENGTH))
                    ),
                    **newest,
                )
            )

    await repositories.write(save_plans)
    await repositories.write(save_drafts)


HEAVY_KEYS: Final[Keys] = {
    "briefId": ["heavy-brief"],
    "strategyId": [PLAN],
    "draftId": [f"heavy-draft-{number}" for number in _NUMBERS],
    "packageId": [f"heavy-package-{number}" for number in _NUMBERS],
    "ids": [
        global_id(kind, f"heavy-{name}-{number}")
        for number in _NUMBERS
        for kind, name in ((Draft, "draft"), (DeliveryPackage, "package"))
    ],
}
