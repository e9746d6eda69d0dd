"""Drafts to check: complete, with each part to be changed by its name."""

from datetime import date
from typing import Any, Final

from orchestration.producers.ports import OtherDraft, QcFinding, QcSubject
from orchestration.producers.qc.evaluating import evaluated

TODAY: Final = date(2026, 11, 30)


def draft(body: str = "Bread takes time.", **changes: Any) -> QcSubject:
    complete: dict[str, Any] = {
        "content_type": "blog_post",
        "title": "Bread",
        "metadata": {},
        "guidelines": {},
        "brief": "A bakery with 3 shops. 40% rye.",
        "others": (),
        "today": TODAY,
    }
    return QcSubject(body=body, **complete | changes)


def other(body: str, **changes: Any) -> OtherDraft:
    return OtherDraft(**{"draft_id": "other", "title": "Other", "body": body} | changes)


def found(benchmark_id: str, subject: QcSubject) -> tuple[QcFinding, ...]:
    """What one benchmark finds."""
    return evaluated(subject, [benchmark_id], 0.8).findings


def finds(benchmark_id: str, body: str, **changes: Any) -> bool:
    return bool(found(benchmark_id, draft(body, **changes)))
