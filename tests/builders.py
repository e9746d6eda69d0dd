"""Records and commands for tests: complete and valid, each field to be changed by its name.

Records of different keys never share a second key, so that all of them can be stored.
"""

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from domain.access import AccessToken, CreateAccessToken, Pepper, TokenKind
from domain.bulk import ErrorPolicy
from domain.callers import Caller, local_operator
from domain.deletion import Delete
from domain.delivery import DeliveryArtifact, DeliveryPackage, SaveDeliveryPackage
from domain.documents import NewDocument, RegisterDocuments, TrustedDocument, hash_of
from domain.files import (
    ByteCount,
    CreateUpload,
    File,
    Upload,
    UploadFailure,
    UploadStatus,
)
from domain.history import Event
from domain.json_object import EMPTY_OBJECT, JsonObject
from domain.onboarding import Brief, BriefScope, BriefStage, NormalizeBrief, SubmitIntake
from domain.production import Campaign, Draft, SaveCampaign, SaveDraft, Tactic
from domain.qc import QcIssue, QcResult, QcSeverity, RecordQcResult
from domain.scopes import Scope
from domain.strategy import (
    ApprovalState,
    DecideStrategyPlan,
    Kpi,
    Milestone,
    Recommendation,
    SaveStrategyPlan,
    StrategyPlan,
    StrategyTimeline,
)
from domain.transfers import Export, Import, TransferEntity, TransferStatus
from domain.webhooks import Claim, NewDelivery, Outcome, SaveWebhookEndpoint, WebhookEndpoint
from domain.workflow import ModelExchange, Run, RunStatus, RunStep, RunStepStatus
from tests.support.sources import START

# Onboarding


def brief(brief_id: str = "brief-1", **changes: Any) -> Brief:
    complete = Brief(
        brief_id=brief_id,
        client_id="client-1",
        stage=BriefStage.NORMALIZED,
        responses=JsonObject.of({"goal": "more bread sold", "shops": 3}),
        submitted_at=START,
        scope=BriefScope(("landing page", "newsletter"), ("print",), 6),
        objectives=("be known in town", "sell online"),
        target_audience="people who bake",
        brand_guidelines=JsonObject.of({"tone": "warm"}),
        normalized_at=START,
        created_at=START,
        updated_at=START,
    )
    return replace(complete, **changes)


def submit_intake(**changes: Any) -> SubmitIntake:
    complete = SubmitIntake(
        brief_id="brief-1", client_id="client-1", responses={"goal": "more bread sold"}
    )
    return replace(complete, **changes)


def normalize_brief(**changes: Any) -> NormalizeBrief:
    complete = NormalizeBrief(
        brief_id="brief-1",
        scope=BriefScope(("landing page",), ("print",), 6),
        objectives=("be known in town",),
        target_audience="people who bake",
        brand_guidelines={"tone": "warm"},
    )
    return replace(complete, **changes)


# Strategy


def recommendation(channel: str = "search", **changes: Any) -> Recommendation:
    complete = Recommendation(
        channel=channel,
        budget_percent=12.5,
        rationale="It reaches them.",
        tactics=("brand words", "local words"),
    )
    return replace(complete, **changes)


def plan(strategy_id: str = "plan-1", **changes: Any) -> StrategyPlan:
    complete = StrategyPlan(
        strategy_id=strategy_id,
        brief_id=f"brief of {strategy_id}",
        version=3,
        executive_summary="Bread, but online.",
        kpis=(Kpi("orders", 250.5, "a week", 90), Kpi("visits", 1e6, "", 30)),
        timeline=StrategyTimeline(12, (Milestone("launch", "3"), Milestone("review", "late"))),
        approval=ApprovalState.APPROVED,
        decided_by="Ada",
        decided_at=START,
        recommendations=(
            recommendation("search"),
            replace(recommendation("radio", tactics=()), position=1),
        ),
        created_at=START,
        updated_at=START,
    )
    return replace(complete, **changes)


def save_plan(**changes: Any) -> SaveStrategyPlan:
    complete = SaveStrategyPlan(
        strategy_id="plan-1",
        brief_id="brief-1",
        executive_summary="Bread, but online.",
        kpis=(Kpi("orders", 250.0, "a week", 90),),
        timeline=StrategyTimeline(12, (Milestone("launch", "3"),)),
        recommendations=(recommendation("search"), recommendation("radio")),
    )
    return replace(complete, **changes)


def decide_plan(**changes: Any) -> DecideStrategyPlan:
    return replace(DecideStrategyPlan(strategy_id="plan-1", decided_by="Ada"), **changes)


# Production


def tactic(title: str = "first week", **changes: Any) -> Tactic:
    return replace(Tactic(channel="search", content_type="ad", title=title), **changes)


def campaign(campaign_id: str = "campaign-1", **changes: Any) -> Campaign:
    complete = Campaign(
        campaign_id=campaign_id,
        strategy_id="plan-1",
        name="Spring bread",
        tactics=(tactic("first week"), tactic("second week", position=1)),
        created_at=START,
        updated_at=START,
    )
    return replace(complete, **changes)


def save_campaign(**changes: Any) -> SaveCampaign:
    complete = SaveCampaign(
        campaign_id="campaign-1",
        strategy_id="plan-1",
        name="Spring bread",
        tactics=(tactic("first week"), tactic("second week")),
    )
    return replace(complete, **changes)


def draft(draft_id: str = "draft-1", **changes: Any) -> Draft:
    complete = Draft(
        draft_id=draft_id,
        strategy_id="plan-1",
        campaign_id="campaign-1",
        content_type="article",
        title="Why sourdough",
        body="It takes time.\nThat is the point.",
        metadata=JsonObject.of({"words": 7, "tags": ["bread"]}),
        created_at=START,
        updated_at=START,
    )
    return replace(complete, **changes)


def save_draft(**changes: Any) -> SaveDraft:
    complete = SaveDraft(
        draft_id="draft-1",
        strategy_id="plan-1",
        campaign_id="campaign-1",
        content_type="article",
        title="Why sourdough",
        body="It takes time.",
        metadata={"words": 3},
    )
    return replace(complete, **changes)


# QC


def issue(section: str = "title", **changes: Any) -> QcIssue:
    return replace(
        QcIssue(severity=QcSeverity.MAJOR, section=section, reason="too long"), **changes
    )


def result(result_id: str = "result-1", **changes: Any) -> QcResult:
    complete = QcResult(
        result_id=result_id,
        draft_id=f"draft of {result_id}",
        passed=True,
        score=0.85,
        evaluated_at=START,
        issues=(
            issue("title"),
            issue(
                "body",
                severity=QcSeverity.CRITICAL,
                position=1,
                hint="Cut it.",
                benchmark_id="length",
            ),
            issue("close", severity=QcSeverity.MINOR, position=2),
        ),
        created_at=START,
        updated_at=START,
    )
    return replace(complete, **changes)


def record_result(**changes: Any) -> RecordQcResult:
    complete = RecordQcResult(
        result_id="result-1",
        draft_id="draft-1",
        passed=False,
        score=0.4,
        issues=(issue("title"), issue("body")),
    )
    return replace(complete, **changes)


# Delivery


def artifact(name: str = "article", **changes: Any) -> DeliveryArtifact:
    complete = DeliveryArtifact(name=name, url=f"https://files.example/{quote(name)}", format="pdf")
    return replace(complete, **changes)


def artifacts(*names: str) -> tuple[DeliveryArtifact, ...]:
    """One of each name, in this order."""
    return tuple(artifact(name, position=position) for position, name in enumerate(names))


def package(package_id: str = "package-1", **changes: Any) -> DeliveryPackage:
    complete = DeliveryPackage(
        package_id=package_id,
        draft_id="draft-1",
        artifacts=artifacts("article", "cover"),
        created_at=START,
        updated_at=START,
    )
    return replace(complete, **changes)


def save_package(**changes: Any) -> SaveDeliveryPackage:
    complete = SaveDeliveryPackage(
        package_id="package-1",
        draft_id="draft-1",
        artifacts=(artifact("article"), artifact("cover")),
    )
    return replace(complete, **changes)


# Files


def sha256_of(content: bytes) -> str:
    return sha256(content).hexdigest()


CONTENT = b"The bread of the town.\n"


def file(file_id: str = "file-1", **changes: Any) -> File:
    complete = File(
        file_id=file_id,
        client_id="client-1",
        name="bread.txt",
        media_type="text/plain",
        size=ByteCount(len(CONTENT)),
        sha256=sha256_of(CONTENT),
        created_by="ada",
        created_at=START,
        updated_at=START,
    )
    return replace(complete, **changes)


def upload(upload_id: str = "upload-1", **changes: Any) -> Upload:
    complete = Upload(
        upload_id=upload_id,
        client_id="client-1",
        name="bread.txt",
        media_type="text/plain",
        size=ByteCount(len(CONTENT)),
        sha256=sha256_of(CONTENT),
        created_by="ada",
        status=UploadStatus.FAILED,
        failure=UploadFailure.WRONG_SIZE,
        expires_at=START + timedelta(hours=6),
        file_id="file-1",
        created_at=START,
        updated_at=START,
    )
    return replace(complete, **changes)


def pending_upload(upload_id: str = "upload-1", **changes: Any) -> Upload:
    return upload(
        upload_id, **{"status": UploadStatus.PENDING, "failure": None, "file_id": None} | changes
    )


def create_upload(content: bytes = CONTENT, **changes: Any) -> CreateUpload:
    complete = CreateUpload(
        name="bread.txt",
        media_type="text/plain",
        size=ByteCount(len(content)),
        sha256=sha256_of(content),
        client_id="client-1",
    )
    return replace(complete, **changes)


# Transfers


def import_(import_id: str = "import-1", **changes: Any) -> Import:
    complete = Import(
        import_id=import_id,
        client_id="client-1",
        file_id="file-1",
        entity=TransferEntity.DRAFT,
        error_policy=ErrorPolicy.REJECT_EVERYTHING,
        created_by="ada",
        status=TransferStatus.FAILED,
        bytes_done=ByteCount(2**33),
        bytes_total=ByteCount(2**34),
        line_count=12,
        saved_count=3,
        rejected_count=1,
        error="1 of 12 lines were refused, so nothing was stored.",
        result_file_id="file-2",
        finished_at=START,
        created_at=START,
        updated_at=START,
    )
    return replace(complete, **changes)


def export(export_id: str = "export-1", **changes: Any) -> Export:
    complete = Export(
        export_id=export_id,
        client_id="client-1",
        entity=TransferEntity.DRAFT,
        filter=JsonObject.of({"title": {"contains": "bread"}}),
        created_by="ada",
        status=TransferStatus.FAILED,
        row_count=12,
        last_key="draft-12",
        error="The server failed to go on with it.",
        result_file_id="file-2",
        finished_at=START,
        created_at=START,
        updated_at=START,
    )
    return replace(complete, **changes)


# Workflow


def step(name: str = "plan", **changes: Any) -> RunStep:
    complete = RunStep(
        name=name,
        tactic=2,
        status=RunStepStatus.FAILED,
        attempts=3,
        started_at=START,
        finished_at=START,
        error="There is no bread.",
        produced_type="StrategyPlan",
        produced_key="plan-1",
        produced_revision=2,
    )
    return replace(complete, **changes)


def exchange(**changes: Any) -> ModelExchange:
    complete = ModelExchange(
        prompt="draft",
        model="model-1",
        request='{"messages": []}',
        response='{"choices": []}',
        status=200,
        error=None,
        tokens=100,
        began_at=START,
        duration_ms=1_500,
    )
    return replace(complete, **changes)


def run(run_id: str = "run-1", **changes: Any) -> Run:
    complete = Run(
        run_id=run_id,
        brief_id=f"brief of {run_id}",
        workflow="campaign",
        workflow_version=1,
        status=RunStatus.FAILED,
        channels=("search", "social"),
        max_redrafts=2,
        require_approval=True,
        progress=0.25,
        error="There is no bread.",
        started_by="ada",
        strategy_id="plan-1",
        campaign_id="campaign-1",
        cancelled_at=START,
        finished_at=START,
        steps=(step("normalize", position=0), step("plan", position=1)),
        created_at=START,
        updated_at=START,
    )
    return replace(complete, **changes)


# All


def caller(request_id: str = "request-1", **changes: Any) -> Caller:
    return local_operator(request_id)._replace(**changes)


def delete(key_name: str, key: str, **changes: Any) -> Delete:
    return replace(Delete(key_name=key_name, key=key), **changes)


def event(position: int = 1, **changes: Any) -> Event:
    complete = Event(
        position=position,
        event_id=f"event-{position}",
        type="draft.saved",
        entity_type="draft",
        entity_key="draft-1",
        revision_before=0,
        revision_after=1,
        client_id=None,
        caller=caller(),
        occurred_at=START,
        changed_fields=("title",),
        state=EMPTY_OBJECT,
    )
    return replace(complete, **changes)


# Webhooks

WEBHOOK_SECRET = "whsec_" + "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


def webhook_endpoint(endpoint_id: str = "endpoint-1", **changes: Any) -> WebhookEndpoint:
    complete = WebhookEndpoint(
        endpoint_id=endpoint_id,
        url="https://receiver.example/events",
        event_types=("draft.saved", "draft.deleted"),
        client_ids=("client-1",),
        description="The newsroom.",
        enabled=True,
        disabled_reason=None,
        failing_since=None,
        position=7,
        revision=1,
        created_at=START,
        updated_at=START,
    )
    return replace(complete, **changes)


def save_webhook_endpoint(**changes: Any) -> SaveWebhookEndpoint:
    complete = SaveWebhookEndpoint(
        endpoint_id="endpoint-1", url="https://receiver.example/events", description="The newsroom."
    )
    return replace(complete, **changes)


def new_delivery(number: int = 1, **changes: Any) -> NewDelivery:
    """An event of the draft `draft-1`."""
    complete = NewDelivery(
        delivery_id=f"delivery-{number}",
        event_id=f"event-{number}",
        event_type="draft.saved",
        entity_type="draft",
        entity_key="draft-1",
        position=number,
        payload=f'{{"number":{number}}}',
    )
    return replace(complete, **changes)


def outcome(status: int | None = 200, **changes: Any) -> Outcome:
    complete = Outcome(began_at=START, duration_ms=12, status=status, response="thanks")
    return replace(complete, **changes)


def claim(**changes: Any) -> Claim:
    complete = Claim(
        delivery_id="delivery-1",
        endpoint_id="endpoint-1",
        token=1,
        event_id="event-1",
        payload='{"number":1}',
        failures=0,
        url="https://receiver.example/events",
        secrets=(WEBHOOK_SECRET,),
    )
    return replace(complete, **changes)


# Documents

DOCUMENT = 'query Title { draft(draftId: "draft-1") { title } }'


def trusted_document(text: str = DOCUMENT, **changes: Any) -> TrustedDocument:
    complete = TrustedDocument(
        application="web",
        sha256=hash_of(text),
        operations=("Title",),
        text=text,
        created_at=START,
    )
    return replace(complete, **changes)


def new_document(text: str = DOCUMENT, **changes: Any) -> NewDocument:
    return replace(NewDocument(text=text, operations=("Title",)), **changes)


def register_documents(**changes: Any) -> RegisterDocuments:
    complete = RegisterDocuments(application="web", documents=(new_document(),))
    return replace(complete, **changes)


# Access

PEPPER = Pepper("p1", "a key that only the server's operator knows")


def access_token(token_id: str = "token-1", **changes: Any) -> AccessToken:
    complete = AccessToken(
        token_id=token_id,
        kind=TokenKind.AGENT,
        name="writer",
        on_behalf_of="ada",
        scopes=(Scope.STRATEGY_READ, Scope.PRODUCTION_WRITE),
        client_ids=("client-1",),
        expires_at=START + timedelta(days=30),
        revoked_at=None,
        last_used_at=None,
        revision=1,
        created_at=START,
        updated_at=START,
    )
    return replace(complete, **changes)


def create_access_token(**changes: Any) -> CreateAccessToken:
    complete = CreateAccessToken(
        token_id="token-1", kind=TokenKind.SERVICE, name="importer", scopes=("onboarding:write",)
    )
    return replace(complete, **changes)
