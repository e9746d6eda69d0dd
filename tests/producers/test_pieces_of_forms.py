"""Which pieces and channels a form asks for, however it lists them."""

import pytest
from hypothesis import given

from orchestration.producers.strategy.channels import deliverable_of, deliverables_in
from tests.producers.forms import SENTENCES, deliverables
from tests.producers.pipeline import Pipeline


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "1 landing page, 2 emails to patients, 1 video (45 seconds) for our waiting room",
            ("1 landing page", "2 emails to patients", "1 video (45 seconds) for our waiting room"),
        ),
        ("newsletter and a reel", ("newsletter", "a reel")),
        ("Facebook + Instagram posts x6", ("Facebook + Instagram posts x6",)),
        ("Instagram,Facebook,newsletter", ("Instagram", "Facebook", "newsletter")),
        ("A video script and storyboard", ("A video script and storyboard",)),
        (
            "I don't know, I thought maybe 3 emails and something for Instagram, or even a TikTok.",
            ("3 emails", "Instagram", "TikTok"),
        ),
    ],
)  # fmt: skip
def test_pieces_are_told_apart_however_they_are_listed(text: str, parts: tuple[str, ...]) -> None:
    assert deliverables(text) == parts


@pytest.mark.parametrize(
    ("text", "pieces"),
    [("Instagram posts x6", 6), ("5x Instagram", 5), ("blog posts (800-1000 words)", 1)],
)
def test_pieces_are_counted_however_that_is_written(text: str, pieces: int) -> None:
    assert deliverable_of(text).pieces == pieces


def test_advertising_that_is_out_of_scope_takes_no_channel_away() -> None:
    made = Pipeline({"deliverables": "2 Instagram posts", "out of scope": "Instagram ads"})

    assert [each.channel for each in made.tactics] == ["Instagram", "Instagram"]


def test_what_is_for_one_network_is_on_no_other() -> None:
    made = Pipeline({"deliverables": "2 Instagram posts, email"}, ["Email", "Facebook"])

    assert "None of the channels takes “2 Instagram posts”." in made.plan.executive_summary
    facebook = (made.plan.recommendations or ())[1]
    assert "Instagram" not in facebook.rationale


def test_a_brief_that_names_channels_gets_those_and_is_told_which_have_no_texts() -> None:
    made = Pipeline(
        {"goal": "Win leads", "channels": "Instagram, our newsletter (1,900 readers), posters"}
    )

    assert [each.channel for each in made.plan.recommendations or ()] == ["Email", "Instagram"]
    assert "No text is written here for “posters”" in made.plan.executive_summary


def test_a_network_alone_takes_what_is_usual_there() -> None:
    made = Pipeline({"company": "Rye", "deliverables": "TikTok, Instagram"})

    assert {(each.channel, each.content_type) for each in made.tactics} == {
        ("TikTok", "video_script"), ("Instagram", "social_post"),
    }  # fmt: skip


def test_numbers_of_pieces_by_their_kind_are_deliverables() -> None:
    made = Pipeline({"deliverables": {"blogPosts": 2, "emails": 3, "video": True}})

    assert made.understood.scope.deliverables == ("2 blog posts", "3 emails", "video")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("short film (90s)", "video_script"),
        ("3 tiktoks", "video_script"),
        ("TikTok posts", "social_post"),
        ("CRM setup", "other"),
    ],
)
def test_films_and_what_networks_of_films_take_are_videos(text: str, kind: str) -> None:
    assert deliverable_of(text).kind == kind


@pytest.mark.parametrize(
    ("text", "kind", "pieces"),
    [
        ("Blog post: Ten trails that begin at a station", "blog_post", 1),
        ("2 landing pages: Your roof in ten minutes, and one for tenants", "landing_page", 2),
        ("Email “Two evenings a week”", "email", 1),
        ("Emails: 3", "email", 3),
        ("Deliverables: 3 blog posts", "blog_post", 3),
        ("Blog post: an email that saved us", "blog_post", 1),
    ],
)
def test_numbers_and_kinds_in_the_title_of_a_piece_say_nothing_of_the_piece(
    text: str, kind: str, pieces: int
) -> None:
    found = deliverable_of(text)

    assert (found.kind, found.pieces) == (kind, pieces)


@given(SENTENCES)
def test_deliverables_are_in_the_words_of_the_text_and_none_is_lost(text: str) -> None:
    parts = deliverables_in(text)

    assert parts
    assert all(part in text for part in parts)
