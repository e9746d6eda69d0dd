"""Any number of delivery packages, with the entities that they refer to, for benchmarks."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial

from domain import delivery, onboarding, production, qc, strategy
from domain.delivery import DeliveryArtifact, SaveDeliveryPackage
from domain.onboarding import SubmitIntake
from domain.production import SaveCampaign, SaveDraft, Tactic
from domain.qc import QcIssue, QcSeverity, RecordQcResult
from domain.strategy import Recommendation, SaveStrategyPlan, StrategyTimeline
from repositories.unit_of_work import Repositories, UnitOfWork
from server.seed.adding import add, valid

PACKAGES_PER_PLAN = 100
ARTIFACTS = 10
ISSUES = 5

# After the demo agency: the newest packages are of the same size, all of them.
_START = datetime(2026, 2, 1, tzinfo=UTC)
_BATCH = 100


async def seed_bulk(repositories: Repositories, size: int) -> AsyncIterator[int]:
    """Add `size` packages, each with a draft, a QC result, artifacts and issues.

    Every hundred share a brief, an approved plan and a campaign. Numbered keys and times make it
    deterministic; existing entities stay as they are. Yields the number of packages done so far.
    """
    for begin in range(0, size, _BATCH):
        numbers = range(begin, min(begin + _BATCH, size))
        await repositories.write(partial(_add_batch, numbers=numbers))
        yield numbers.stop


async def _add_batch(unit: UnitOfWork, numbers: range) -> None:
    for number in numbers:
        if number % PACKAGES_PER_PLAN == 0:
            await _add_plan(unit, number // PACKAGES_PER_PLAN)
        await _add_package(unit, number)


async def _add_plan(unit: UnitOfWork, number: int) -> None:
    name, at = f"bulk-{number:06}", _START + timedelta(hours=number)
    intake = SubmitIntake(client_id=f"client-{number % 50:02}", responses={"number": number})
    await add(unit.briefs, onboarding.submitted(valid(intake), f"brief-{name}", at))
    planning = SaveStrategyPlan(
        brief_id=f"brief-{name}",
        executive_summary=f"Plan {number}",
        timeline=StrategyTimeline(12),
        recommendations=(Recommendation("Search", 60.0, "It converts."),),
    )
    plan = strategy.new_plan(valid(planning), f"plan-{name}", 1, at)
    approved = strategy.decided(plan, strategy.ApprovalState.APPROVED, "client", at)
    await add(unit.strategy_plans, approved)
    saving = SaveCampaign(
        strategy_id=f"plan-{name}",
        name=f"Campaign {number}",
        tactics=(Tactic("Search", "landing_page", "Landing page"),),
    )
    await add(unit.campaigns, production.new_campaign(valid(saving), f"campaign-{name}", at))


async def _add_package(unit: UnitOfWork, number: int) -> None:
    plan = f"bulk-{number // PACKAGES_PER_PLAN:06}"
    draft_id, at = f"draft-bulk-{number:07}", _START + timedelta(minutes=number)
    saving = SaveDraft(
        strategy_id=f"plan-{plan}",
        campaign_id=f"campaign-{plan}",
        content_type="blog_post",
        title=f"Draft {number}",
        body=f"The body of draft {number}. " * 20,
        metadata={"number": number},
    )
    await add(unit.drafts, production.new_draft(valid(saving), draft_id, at))
    recording = RecordQcResult(
        draft_id=draft_id,
        passed=number % 3 != 0,
        score=number % 101 / 100,
        evaluated_at=at,
        issues=tuple(
            QcIssue(list(QcSeverity)[index % 3], f"Section {index}", f"Reason {index}")
            for index in range(ISSUES)
        ),
    )
    await add(unit.qc_results, qc.new_result(valid(recording), f"qc-bulk-{number:07}", at))
    packing = SaveDeliveryPackage(
        draft_id=draft_id,
        artifacts=tuple(
            DeliveryArtifact(
                name=f"Artifact {index}",
                url=f"https://files.example.com/{number}/{index}",
                format="pdf",
            )
            for index in range(ARTIFACTS)
        ),
    )
    package = delivery.new_package(valid(packing), f"package-bulk-{number:07}", at)
    await add(unit.delivery_packages, package)
