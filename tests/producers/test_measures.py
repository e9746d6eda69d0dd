"""What checks are made of: kinds of content, counts, formulas, durations, posts of threads."""

import re

import pytest

from orchestration.producers.qc.accessibility import contrast
from orchestration.producers.qc.facts import numbers_in
from orchestration.producers.qc.kinds import Kind, channel_of, kind_of
from orchestration.producers.qc.language import reading_ease, syllables
from orchestration.producers.qc.scripts import seconds_of
from orchestration.producers.qc.social import posts_of, social_length


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        ("blog_post", Kind.BLOG_POST),
        ("Blog article", Kind.BLOG_POST),
        ("email", Kind.EMAIL),
        ("newsletterIssue", Kind.EMAIL),
        ("landing-page", Kind.LANDING_PAGE),
        ("LinkedIn post", Kind.SOCIAL_POST),
        ("social_video", Kind.VIDEO_SCRIPT),
        ("video_script", Kind.VIDEO_SCRIPT),
        ("poster", Kind.OTHER),
        ("", Kind.OTHER),
    ],
)
def test_a_content_type_is_of_the_kind_that_it_has_a_word_of(content_type: str, kind: Kind) -> None:
    assert kind_of(content_type) is kind


def test_the_channel_is_the_one_that_is_named_else_that_of_the_content_type() -> None:
    assert channel_of("Twitter", "linkedin_post") == "x"
    assert channel_of("", "linkedin_post") == "linkedin"
    assert channel_of("Newsletter", "post") is None


def test_reading_ease_is_flesch_s() -> None:
    assert reading_ease(100, 5, 150) == pytest.approx(206.835 - 1.015 * 20 - 84.6 * 1.5)
    assert [syllables(word) for word in ("bread", "baker", "organisation")] == [1, 2, 5]


def test_contrast_is_the_ratio_of_wcag() -> None:
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    assert contrast("#fff", "#fff") == pytest.approx(1)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)


@pytest.mark.parametrize(
    ("channel", "text", "count"),
    [
        ("x", f"a https://b.shop/{'c' * 90}", 2 + 23),
        ("x", "漢字 🍞", 2 + 2 + 1 + 2),
        ("x", "👩🏽‍🍳🇩🇪", 2 + 2),
        ("bluesky", "👩🏽‍🍳🇩🇪 cafe\u0301", 2 + 1 + 4),
        ("mastodon", f"a https://b.shop/{'c' * 90}", 2 + 23),
        ("threads", "漢字 🍞", 3 + 4),
        ("youtube", "é", 2),
        ("tiktok", "🍞", 2),
        ("linkedin", "漢字🍞", 3),
    ],
)
def test_characters_are_counted_as_the_network_does(channel: str, text: str, count: int) -> None:
    assert social_length(text, channel) == count


@pytest.mark.parametrize(
    "thread",
    [
        "One.\n---\nTwo.\n\nMore.\n---\nThree.",
        "1/ One.\n\n2/ Two.\n\nMore.\n\n3/ Three.",
        "One. 1/3\n\nTwo. 2/3\n\nThree. 3/3",
        "Post 1: One.\nPost 2: Two.\nPost 3: Three.",
    ],
)
def test_a_thread_is_parted_into_its_posts(thread: str) -> None:
    assert [re.findall("One|Two|Three", post) for post in posts_of(thread)] == [
        ["One"],
        ["Two"],
        ["Three"],
    ]


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [
        ("90", 90),
        ("90 s", 90),
        ("1:30", 90),
        ("1.5 min", 90),
        ("0:01:30", 90),
        ("30.0", 30),
        ("soon", None),
        ("0", None),
        ("", None),
    ],
)
def test_a_duration_may_be_written_in_several_ways(duration: str, seconds: int | None) -> None:
    assert seconds_of(duration) == seconds


def test_numbers_are_compared_by_their_values() -> None:
    assert numbers_in("1,200 of 2.5 million, nine and 40% of $3.50") == {1200, 2.5e6, 9, 40, 3.5}
