"""A small agency with three clients: the same keys, texts and times whenever it's seeded."""

import hashlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from domain import delivery, onboarding, production, qc, strategy
from domain.delivery import DeliveryArtifact, SaveDeliveryPackage
from domain.entity import Entity
from domain.files import ByteCount, File
from domain.onboarding import BriefScope, NormalizeBrief, SubmitIntake
from domain.production import SaveCampaign, SaveDraft, Tactic
from domain.qc import QcIssue, QcSeverity, RecordQcResult
from domain.strategy import (
    ApprovalState,
    Kpi,
    Milestone,
    Recommendation,
    SaveStrategyPlan,
    StrategyPlan,
    StrategyTimeline,
)
from files.store import FileStore, content_key
from repositories.unit_of_work import Repositories, UnitOfWork
from server.seed.adding import add, valid
from server.seed.documents import FORMATS

_START = datetime(2026, 1, 12, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A draft with what came after it: its QC result, and its package where it was delivered."""

    slug: str
    content_type: str
    channel: str
    title: str
    body: str
    score: float | None = None
    issues: tuple[QcIssue, ...] = ()
    formats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Story:
    """A client's brief, and how far it came."""

    slug: str
    client: str
    responses: dict[str, object]
    objectives: tuple[str, ...]
    audience: str
    summary: str
    campaign: str
    pieces: tuple[_Piece, ...]
    approval: ApprovalState | None
    weeks: int = 8


_STORIES = (
    _Story(
        slug="northwind-spring-trails",
        client="northwind-outdoor",
        responses={
            "company": "Northwind Outdoor",
            "goal": "Sell the spring hiking line to people who are new to hiking.",
            "budget_eur": 48000,
            "channels": ["newsletter", "instagram", "search"],
            "website": "https://www.northwind-outdoor.shop/first-trail",
            "product": "First Trail Set",
            "description": "The First Trail Set is all you need for a first day on foot: a pair of "
            "light boots, a rain shell and a pack of 18 litres. People who guide beginners every "
            "weekend put each set together.",
            "pain_points": [
                "Outdoor shops are full of gear for mountains that most people will never climb.",
                "A first kit that is bought piece by piece costs more, and rarely fits together.",
                "Many people put off their first hike because they don't know what to pack.",
            ],
            "key_messages": [
                "Your first hike fits into a free afternoon",
                "Everything for your first hike comes in one bag",
                "Nobody needs a car to reach a good trail",
            ],
            "benefits": [
                "The boots weigh 410 grams each and need no breaking in.",
                "The shell packs down to the size of an apple.",
                "Every set comes with ten printed routes that begin at a railway station.",
                "Shell, boots and pack share one warranty of 3 years.",
            ],
            "how_it_works": [
                "Answer four questions about your feet and your city.",
                "We send the set with routes near your station.",
                "Walk one of them, and send back within 60 days what you don't use.",
            ],
            "proof_points": [
                "Last year 1,900 beginners walked their first route with a set.",
                "94% of them kept all of it.",
            ],
            "testimonials": [
                {
                    "quote": "I stood on a hill before lunch, in dry socks, and the train home "
                    "left at two.",
                    "role": "first hike in March",
                },
            ],
            "faq": [
                {
                    "question": "What if the boots don't fit?",
                    "answer": "Send them back for another size. The return label is in the box.",
                },
                {
                    "question": "Is the set warm enough for winter?",
                    "answer": "It's made for spring to autumn. For winter you need another layer "
                    "below the shell.",
                },
            ],
            "price": "The set costs €249, about a third less than its parts.",
            "call_to_action": "Find your set",
        },
        objectives=(
            "Sell 3,000 starter sets before the end of May",
            "Grow the newsletter by 12,000 readers",
        ),
        audience="Adults of 25 to 40 in cities who hike less than five times a year.",
        summary="Make the first hike easy: short routes near the city, one set that has it all.",
        campaign="First Trail",
        pieces=(
            _Piece(
                "ten-trails-by-train",
                "blog_post",
                "Blog",
                "Ten trails that begin at a railway station",
                "You don't need a car, a guide or a week off. These ten routes begin where the "
                "train stops, take half a day and end at a café.",
                0.94,
                (QcIssue(QcSeverity.MINOR, "Route 7", "The return train runs hourly, not twice."),),
                ("docx", "pdf", "html", "png"),
            ),
            _Piece(
                "starter-set-mail",
                "email",
                "Newsletter",
                "Everything for your first hike, in one bag",
                "Shoes, a shell and a pack that fit together. Send back what you don't use.",
                0.88,
                (),
                ("html", "txt"),
            ),
            _Piece(
                "first-trail-reel",
                "social_video",
                "Instagram",
                "Saturday, 9:12, platform 4",
                "Scene 1: an early train, boots on the seat frame. Scene 2: the first marker.",
                0.41,
                (
                    QcIssue(
                        QcSeverity.CRITICAL, "Scene 1", "Boots on a seat break the train's rules."
                    ),
                    QcIssue(QcSeverity.MAJOR, "Scene 2", "The brand's safety line is missing."),
                    QcIssue(QcSeverity.MINOR, "Caption", "Two hashtags are from last year."),
                ),
            ),
        ),
        approval=ApprovalState.APPROVED,
    ),
    _Story(
        slug="helio-rooftop",
        client="helio-energy",
        responses={
            "company": "Helio Energy",
            "goal": "Explain rooftop solar to owners of older houses.",
            "budget_eur": 120000,
            "must_mention": {"subsidy": True, "payback_years": 9.5},
        },
        objectives=("Book 900 roof surveys", "Halve the calls that ask about old roofs"),
        audience="Owners of houses built before 1990, above all those with a heating to replace.",
        summary="Answer the one question everybody has: does it pay on my roof?",
        campaign="Does It Pay on My Roof",
        pieces=(
            _Piece(
                "payback-guide",
                "white_paper",
                "Website",
                "What a roof of 1975 earns today",
                "Three real roofs, their costs and what they earned in five years, month by month.",
                0.97,
                (),
                ("pdf", "epub"),
            ),
            _Piece(
                "survey-landing-page",
                "landing_page",
                "Search",
                "Your roof in ten minutes",
                "Tell us the year, the direction and the tiles. We tell you what it would earn.",
                0.72,
                (
                    QcIssue(QcSeverity.MAJOR, "Calculator", "The subsidy changed in January."),
                    QcIssue(QcSeverity.MINOR, "Footer", "The imprint link is broken."),
                ),
            ),
        ),
        approval=ApprovalState.APPROVED,
        weeks=16,
    ),
    _Story(
        slug="lumen-night-menu",
        client="lumen-cafe",
        responses={
            "company": "Lumen Café",
            "goal": "Fill the tables after eight.",
            "budget_eur": 6500,
        },
        objectives=("Forty more covers a night, Tuesday to Thursday",),
        audience="Neighbours within a walk of fifteen minutes.",
        summary="A short menu, live music on Wednesdays, and the street as the poster.",
        campaign="Lights On Until Midnight",
        pieces=(
            _Piece(
                "street-posters",
                "poster",
                "Out of home",
                "The lights are still on",
                "Four motifs, one for each corner of the block.",
            ),
        ),
        approval=ApprovalState.PENDING,
        weeks=6,
    ),
    _Story(
        slug="helio-heat-pumps",
        client="helio-energy",
        responses={
            "company": "Helio Energy",
            "goal": "Launch heat pumps beside solar.",
            "budget_eur": None,
        },
        objectives=(),
        audience="",
        summary="",
        campaign="",
        pieces=(),
        approval=None,
    ),
)


async def seed_agency(repositories: Repositories, store: FileStore | None = None) -> int:
    """Add the demo agency; returns how many entities were added. What is there stays as it is.

    The store keeps the files of its packages; without one they are addresses of files elsewhere.
    """
    stories = [(story, _START + timedelta(days=9 * index)) for index, story in enumerate(_STORIES)]
    records = [
        record
        for story, begin in stories
        for record in _records(story, begin, has_files=store is not None)
    ]
    if store is not None:
        for content in _contents():
            await store.put_if_absent(content_key(_sha256(content)), _parts_of(content))

    async def work(unit: UnitOfWork) -> int:
        return sum([await add(unit.of(record), record) for record in records])

    return await repositories.write(work)


def _contents() -> Iterator[bytes]:
    for story in _STORIES:
        for piece in story.pieces:
            yield from _content_by_format(piece).values()


def _content_by_format(piece: _Piece) -> dict[str, bytes]:
    """The content of the piece's files, by those of its formats that are made."""
    return {
        kind: FORMATS[kind].make(piece.title, piece.body)
        for kind in piece.formats
        if kind in FORMATS
    }


async def _parts_of(content: bytes) -> AsyncIterator[bytes]:
    yield content


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _records(story: _Story, begin: datetime, *, has_files: bool) -> Iterator[Entity]:
    brief = onboarding.submitted(
        valid(SubmitIntake(client_id=story.client, responses=story.responses, submitted_at=begin)),
        f"brief-{story.slug}",
        begin,
    )
    if story.approval is None:
        yield brief
        return
    yield onboarding.normalized(brief, valid(_normalizing(story)), begin + timedelta(hours=5))
    yield from _plans(story, story.approval, begin + timedelta(days=1))
    yield from _production(story, begin + timedelta(days=3), has_files=has_files)


def _normalizing(story: _Story) -> NormalizeBrief:
    return NormalizeBrief(
        brief_id=f"brief-{story.slug}",
        scope=BriefScope(
            deliverables=tuple(
                f"{piece.content_type.replace('_', ' ').capitalize()}: {piece.title}"
                for piece in story.pieces
            ),
            exclusions=("Media buying",),
            timeline_weeks=story.weeks,
        ),
        objectives=story.objectives,
        target_audience=story.audience,
        brand_guidelines={"tone": "plain and warm", "never": ["superlatives", "exclamation marks"]},
    )


def _plans(story: _Story, approval: ApprovalState, begin: datetime) -> Iterator[StrategyPlan]:
    if approval is ApprovalState.APPROVED:
        first = strategy.new_plan(
            valid(_planning(story, f"First idea. {story.summary}", 70.0)),
            f"plan-{story.slug}-1",
            1,
            begin,
        )
        yield strategy.decided(first, ApprovalState.REJECTED, "client", begin + timedelta(hours=20))
        later = begin + timedelta(days=1)
        second = strategy.new_plan(
            valid(_planning(story, story.summary, 45.0)), f"plan-{story.slug}-2", 2, later
        )
        yield strategy.decided(second, approval, "client", later + timedelta(hours=6))
    else:
        yield strategy.new_plan(
            valid(_planning(story, story.summary, 60.0)), f"plan-{story.slug}-1", 1, begin
        )


def _planning(story: _Story, summary: str, largest_share: float) -> SaveStrategyPlan:
    channels = list(dict.fromkeys(piece.channel for piece in story.pieces))
    others = max(len(channels) - 1, 1)
    return SaveStrategyPlan(
        brief_id=f"brief-{story.slug}",
        executive_summary=summary,
        kpis=(
            Kpi("Click-through rate", 2.5, "%", story.weeks * 7),
            Kpi("Cost per lead", 18.0, "EUR", story.weeks * 7),
        ),
        timeline=StrategyTimeline(
            story.weeks,
            (
                Milestone("Drafts approved", "Week 2"),
                Milestone("Launch", f"Week {story.weeks // 2}"),
            ),
        ),
        recommendations=tuple(
            Recommendation(
                channel=channel,
                budget_percent=largest_share if number == 0 else (100 - largest_share) // others,
                rationale="Where this audience already looks for advice.",
                tactics=("Start small", "Measure weekly", "Drop what doesn't work"),
            )
            for number, channel in enumerate(channels)
        ),
    )


def _production(story: _Story, begin: datetime, *, has_files: bool) -> Iterator[Entity]:
    plan_id = f"plan-{story.slug}-{2 if story.approval is ApprovalState.APPROVED else 1}"
    campaign_id = f"campaign-{story.slug}"
    yield production.new_campaign(
        valid(
            SaveCampaign(
                strategy_id=plan_id,
                name=story.campaign,
                tactics=tuple(
                    Tactic(piece.channel, piece.content_type, piece.title) for piece in story.pieces
                ),
            )
        ),
        campaign_id,
        begin,
    )
    for index, piece in enumerate(story.pieces):
        written = begin + timedelta(hours=7 * (index + 1))
        yield production.new_draft(
            valid(
                SaveDraft(
                    strategy_id=plan_id,
                    campaign_id=campaign_id,
                    content_type=piece.content_type,
                    title=piece.title,
                    body=piece.body,
                    metadata={"language": "en", "words": len(piece.body.split())},
                )
            ),
            f"draft-{piece.slug}",
            written,
        )
        yield from _checked(piece, written + timedelta(hours=1))
        if piece.formats:
            yield from _delivered(story, piece, written + timedelta(hours=3), has_files=has_files)


def _checked(piece: _Piece, at: datetime) -> Iterator[Entity]:
    draft_id = f"draft-{piece.slug}"
    if piece.score is not None:
        result = RecordQcResult(
            draft_id=draft_id,
            passed=piece.score >= 0.8,
            score=piece.score,
            evaluated_at=at,
            issues=piece.issues,
        )
        yield qc.new_result(valid(result), f"qc-{piece.slug}", at)


def _delivered(story: _Story, piece: _Piece, at: datetime, *, has_files: bool) -> Iterator[Entity]:
    files = {
        kind: _file(story, piece, kind, content, at)
        for kind, content in (_content_by_format(piece) if has_files else {}).items()
    }
    yield from files.values()

    def artifact(kind: str) -> DeliveryArtifact:
        name, file = f"{piece.title} ({kind})", files.get(kind)
        if file is not None:
            return DeliveryArtifact(name=name, format=kind, file_id=file.file_id)
        url = f"https://files.example.com/{piece.slug}.{kind}"
        return DeliveryArtifact(name=name, format=kind, url=url)

    package = SaveDeliveryPackage(
        draft_id=f"draft-{piece.slug}",
        artifacts=tuple(map(artifact, piece.formats)),
    )
    yield delivery.new_package(valid(package), f"package-{piece.slug}", at)


def _file(story: _Story, piece: _Piece, kind: str, content: bytes, at: datetime) -> File:
    return File(
        file_id=f"file-{piece.slug}-{kind}",
        client_id=story.client,
        name=f"{piece.slug}.{kind}",
        media_type=FORMATS[kind].media_type,
        size=ByteCount(len(content)),
        sha256=_sha256(content),
        created_by="studio",
        created_at=at,
        updated_at=at,
    )
