"""Evaluations: their score, their order, and what holds for every text."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.qc import QcIssue, QcSeverity, RecordQcResult
from orchestration.producers.ports import QcFinding
from orchestration.producers.qc.evaluating import MAX_LISTED, evaluated, score_of
from orchestration.producers.qc.registry import BY_ID
from tests.producers.checking import draft, other

EVERYTHING = list(BY_ID)


def finding(severity: QcSeverity, benchmark_id: str = "links") -> QcFinding:
    return QcFinding(benchmark_id, severity, "Opening", "It is.", "Mend it.")


def test_a_draft_without_issues_scores_1() -> None:
    assert score_of([]) == 1


def test_each_issue_takes_off_by_its_severity() -> None:
    assert score_of([finding(QcSeverity.CRITICAL)]) == 0.5
    assert score_of([finding(QcSeverity.MAJOR)]) == 0.85
    assert score_of([finding(QcSeverity.MINOR)]) == 0.97


def test_three_issues_of_a_benchmark_count() -> None:
    assert score_of([finding(QcSeverity.MINOR)] * 3) == 0.91
    assert score_of([finding(QcSeverity.MINOR)] * 9) == 0.91
    assert score_of([finding(QcSeverity.MINOR, "a"), finding(QcSeverity.MINOR, "b")]) == 0.94


def test_a_score_is_0_at_least() -> None:
    assert score_of([finding(QcSeverity.CRITICAL)] * 3) == 0


def test_a_draft_passes_by_its_score_unless_something_is_critical() -> None:
    minor = draft("The the bread.")
    critical = draft("It costs $XX.")

    assert evaluated(minor, ["doubled-words"], 0.97).passed
    assert not evaluated(minor, ["doubled-words"], 0.98).passed
    assert not evaluated(critical, ["placeholders"], 0.0).passed


def test_the_most_severe_issues_come_first_and_benchmarks_keep_their_order() -> None:
    found = evaluated(
        draft("The the [a](b) lorem ipsum [c](d)", content_type="poster"), EVERYTHING, 0.8
    ).findings

    severities = [list(QcSeverity).index(each.severity) for each in found]
    assert severities == sorted(severities)
    assert found[0].benchmark_id == "placeholders"


def test_a_benchmark_lists_so_many_issues() -> None:
    found = evaluated(draft("[a](b) " * 50), ["links"], 0.8).findings

    assert len(found) == MAX_LISTED


def test_what_isnt_for_the_content_or_lacks_the_brief_is_skipped() -> None:
    outcome = evaluated(
        draft("Text", brief=None), ["links", "unsubscribe", "unsupported-claims"], 0.8
    )

    assert outcome.checked == ("links",)
    assert outcome.skipped == ("unsubscribe", "unsupported-claims")


# Laws

WORDS = st.sampled_from(
    ["bread", "# ", "## ", "\n\n", "[a](b)", "![](c)", "{{x}}", "40%", "$3", "1 May 2020", "---\n",
     "a: b\n", "<p>", "</a>", "<a href='x'>", "!", "?", "*", "`", "http://a.b/?utm_a=1", "|", "- "]
)  # fmt: skip
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=300),
    st.lists(WORDS, max_size=60).map(" ".join),
)
KINDS = st.sampled_from(["blog_post", "email", "landing_page", "x_post", "video_script", "poster"])
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=5,
)
KEYS = st.sampled_from(
    ["never", "bannedPhrases", "requiredPhrases", "requiredSections", "length", "readingEase",
     "colors", "legalLines", "callsToAction", "claims", "utm", "names", "language"]
)  # fmt: skip
GUIDELINES = st.dictionaries(KEYS, JSON, max_size=4)


@settings(max_examples=150)
@given(TEXTS, TEXTS, KINDS, GUIDELINES)
def test_every_text_has_one_evaluation_which_can_be_recorded(
    body: str, title: str, kind: str, guidelines: dict[str, Any]
) -> None:
    subject = draft(
        body, title=title, content_type=kind, guidelines=guidelines, others=(other(body),)
    )

    outcome = evaluated(subject, EVERYTHING, 0.8)

    assert evaluated(subject, EVERYTHING, 0.8) == outcome
    assert {*outcome.checked, *outcome.skipped} == set(BY_ID)
    issues = tuple(
        QcIssue(
            each.severity,
            each.section,
            each.reason,
            hint=each.hint,
            benchmark_id=each.benchmark_id,
        )
        for each in outcome.findings
    )
    command = RecordQcResult(
        draft_id="draft-1", passed=outcome.passed, score=outcome.score, issues=issues
    )
    assert [*command.violations()] == []
