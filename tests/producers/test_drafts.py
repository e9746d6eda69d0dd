"""The built-in writer: what it writes from briefs, by which rules, and how it mends drafts."""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from domain.production import SaveDraft
from domain.qc import QcIssue, QcSeverity
from orchestration.producers.drafts.generator import BuiltInDraftGenerator
from orchestration.producers.drafts.links import slug_of
from orchestration.producers.drafts.markdown import escaped
from orchestration.producers.ports import QcEvaluation
from orchestration.producers.qc.social import SOCIAL_LIMITS, social_length
from orchestration.producers.qc.text import Text
from tests.producers.pipeline import FOLDER, NAMES, Pipeline, example, responses

BAKERY: Final[Mapping[str, Any]] = {
    "company": "Rye & Co",
    "website": "rye-and-co.shop",
    "about": "Rye & Co bakes bread in two shops. The ovens are lit at four.",
    "problems": ["Supermarket bread goes stale within a day."],
    "messages": ["Bread keeps for a week"],
    "benefits": [
        "A loaf keeps for a week",
        "Crusts stay crisp",
        "Every loaf is cut while you wait",
    ],
    "proof": ["Two thousand loaves leave the ovens each week."],
    "call to action": "Order a loaf",
}


def bakery(content_type: str, **answers: Any) -> Pipeline:
    """A bakery with one piece to write."""
    names = {"blog_post": "blog post", "landing_page": "landing page", "email": "email",
             "social_post": "Instagram post", "video_script": "video"}  # fmt: skip
    return Pipeline({**BAKERY, "deliverables": names[content_type], **answers})


def only(made: Pipeline) -> SaveDraft:
    [draft] = made.drafts
    return draft


def verdict(evaluation: QcEvaluation) -> tuple[QcIssue, ...]:
    """The findings as they are recorded."""
    return tuple(issue(each.benchmark_id, each.reason) for each in evaluation.findings)


def issue(benchmark_id: str, reason: str) -> QcIssue:
    return QcIssue(QcSeverity.MAJOR, "Whole text", reason, benchmark_id=benchmark_id)


def ids(evaluation: QcEvaluation) -> list[str]:
    return [each.benchmark_id for each in evaluation.findings]


# Whole campaigns


@pytest.mark.parametrize("name", NAMES)
def test_all_drafts_of_a_good_brief_pass_beside_each_other(name: str) -> None:
    made = example(name)

    for place, draft in enumerate(made.drafts):
        evaluation = made.checked(draft, made.drafts[:place])
        assert evaluation.passed, (draft.title, evaluation.findings)
        assert evaluation.score >= 0.9
    assert len({draft.body for draft in made.drafts}) == len(made.drafts)


@pytest.mark.parametrize("name", NAMES)
def test_a_blog_post_tells_what_a_good_brief_has_and_nothing_twice(name: str) -> None:
    text = Text(example(name).first("blog_post").body)

    assert 300 <= len(text.words) <= 700
    sentences = [sentence.text for sentence in text.sentences]
    assert len(sentences) == len(set(sentences))


def test_the_only_blog_post_of_a_rich_brief_has_400_to_700_words() -> None:
    made = Pipeline({**responses("hollowmere"), "deliverables": "blog post"})
    post = made.first("blog_post")

    assert 400 <= len(Text(post.body).words) <= 700
    assert made.checked(post).score == 1


@pytest.mark.parametrize("content_type", ["blog_post", "email", "landing_page", "video_script"])
def test_a_draft_reads_like_this(content_type: str) -> None:
    made = example("hollowmere")

    assert made.first(content_type).body == (FOLDER / f"hollowmere.{content_type}.md").read_text()


def test_what_is_said_inside_the_agency_stays_there() -> None:
    secrets = {
        "competitors": "Crumb Inc",
        "budget": "$900",
        "goal": "Sell 77 loaves",
        "audience": "Women aged 30 to 50",
        "internal notes": "Owner hates seeds",
    }
    made = Pipeline({**BAKERY, **secrets})
    text = "\n".join(draft.body + draft.title for draft in made.drafts)

    for secret in ("Crumb", "900", "77", "Women", "seeds"):
        assert secret not in text


def test_a_thin_brief_gives_a_short_draft_and_no_filler() -> None:
    made = Pipeline({"company": "Lumen", "goal": "Fill the tables", "deliverables": "blog post"})

    assert only(made).body == "# Lumen\n\nContact Lumen.\n"
    assert ids(made.checked(only(made))) == ["length"]
    assert "The brief has 0 words that copy can be made of" in made.plan.executive_summary


def test_notes_become_sentences_and_lists_with_capitals() -> None:
    made = Pipeline(
        {
            "company": "Kestrel",
            "service": "evening yoga for desk workers",
            "usp": "classes of eight people; towels included",
            "price": "£20 a month",
            "deliverables": "email",
        }
    )

    assert only(made).title == "Classes of eight people"
    assert "\nKestrel: evening yoga for desk workers.\n\nTowels included." in only(made).body
    assert (only(made).metadata or {})["preheader"] == ("Kestrel: evening yoga for desk workers.")


# The five kinds


def test_emails_have_subject_preheader_address_and_a_way_out() -> None:
    made = bakery("email", address="Rye & Co, 2 Mill Street")
    email = only(made)

    assert (email.metadata or {})["subject"] == "Bread keeps for a week"
    assert "Rye & Co, 2 Mill Street\n\n[Unsubscribe]({{unsubscribe_url}})\n" in email.body


def test_links_outside_of_the_website_are_tagged_and_inside_of_it_they_arent() -> None:
    tags = "utm_source=email&utm_medium=email&utm_campaign=bread-keeps-for-a-week"

    assert f"[Order a loaf](https://rye-and-co.shop/?{tags})" in only(bakery("email")).body
    assert "[Order a loaf](https://rye-and-co.shop)" in only(bakery("blog_post")).body
    own = only(bakery("email", utm={"source": "crm", "campaign": "rye"})).body
    assert "utm_source=crm&utm_medium=email&utm_campaign=rye" in own


def test_without_a_website_the_call_to_action_is_a_sentence() -> None:
    assert "\nOrder a loaf.\n" in only(bakery("blog_post", website="soon")).body


@pytest.mark.parametrize("network", ["X", "Bluesky", "Instagram", "LinkedIn"])
def test_posts_keep_to_their_networks_limit(network: str) -> None:
    made = Pipeline(
        {
            **BAKERY,
            "messages": ["Bread that keeps for a week is bread that nobody has to throw away"],
            "benefits": [f"Loaf number {number} keeps for a week and more" for number in range(20)],
            "hashtags": "#rye #bread #sourdough #more",
        },
        [network],
    )
    post = made.draft(made.tactics[0])

    key = network.lower()
    assert social_length(post.body.strip(), key) <= SOCIAL_LIMITS[key].characters
    assert "Order a loaf: https://rye-and-co.shop/?utm_source=" in post.body
    assert "#more" not in post.body


def test_scripts_are_as_long_as_the_brief_has_the_video() -> None:
    short = example("tallyfold").first("video_script")
    made = bakery("video_script", deliverables="video of 15 seconds")

    assert (short.metadata or {})["duration"] == 60
    assert (only(made).metadata or {})["duration"] == 15
    assert "spoken-length" not in ids(made.checked(only(made)))
    assert "Voiceover: Order a loaf at rye-and-co.shop.\n" in only(made).body


def test_images_need_an_alt_text() -> None:
    alt = "A loaf [rye] on a board"
    images = [
        {"url": "rye-and-co.shop/a.jpg"},
        {"url": "https://rye-and-co.shop/b (1).jpg", "alt": alt},
        {"url": "https://rye-and-co.shop/c.jpg", "alt": alt},
    ]

    body = only(bakery("landing_page", images=images)).body

    assert r"![A loaf \[rye\] on a board](https://rye-and-co.shop/c.jpg)" in body
    assert body.count("![") == 1


def test_another_content_type_is_written_as_a_page() -> None:
    made = bakery("blog_post")
    tactic = made.tactics[0].__class__("Out of home", "poster", "Bread keeps")

    draft = made.draft(tactic)

    assert draft.content_type == "poster"
    assert draft.body.startswith("# Bread keeps\n")


# The brand's rules


def test_banned_phrases_and_broken_rules_of_tone_are_left_out() -> None:
    made = bakery(
        "blog_post",
        avoid=["crisp", "exclamation marks", "superlatives", "emoji", "contractions", "questions"],
        proof=["The best bread in town.", "We can't stop baking! 😀", "Why rye?"],
        benefits=["Crusts stay crisp", "It's cut while you wait"],
    )
    body = only(made).body

    assert "crisp" not in body
    assert "best" not in body
    assert "Why rye" not in body
    assert "We cannot stop baking." in body
    assert "It is cut while you wait" in body
    assert not {"banned-phrases", "tone"} & set(ids(made.checked(only(made))))


@pytest.mark.parametrize(
    "kind", ["blog_post", "landing_page", "email", "social_post", "video_script"]
)
def test_required_phrases_and_legal_lines_are_in_every_kind(kind: str) -> None:
    made = bakery(kind, required="baked in town", legal="Prices include VAT.")

    assert "Baked in town." in only(made).body
    assert "Prices include VAT." in only(made).body
    assert not {"required-phrases", "legal-lines"} & set(ids(made.checked(only(made))))


def test_required_sections_name_ours_or_gather_what_the_brief_says_of_them() -> None:
    sections = {"blog_post": ["Good reasons: benefits", "Our ovens", "Sustainability"]}
    body = only(bakery("blog_post", required_sections=sections)).body

    assert "## Good reasons: benefits\n" in body
    assert "## Our ovens\n\nThe ovens are lit at four. Two thousand loaves leave the ovens" in body
    assert "Sustainability" not in body
    assert body.count("The ovens are lit at four.") == 1


def test_a_brands_own_lengths_are_obeyed() -> None:
    made = bakery("blog_post", length={"blog_post": [10, 50]})

    assert len(Text(only(made).body).words) <= 50


def test_titles_that_the_brand_refuses_give_way_to_another_headline() -> None:
    made = bakery("blog_post", messages=["Crisp bread", "Bread keeps"], avoid=["crisp"])

    assert [tactic.title for tactic in made.tactics] == ["Crisp bread"]
    assert only(made).title == "Bread keeps"


# Markup


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("50% * 2_000 <b>", r"50% \* 2\_000 \<b\>"),
        ("# no heading", r"\# no heading"),
        ("1. no step", r"1\. no step"),
        ("- no item", r"\- no item"),
        ("-5 degrees, #tag & more", "-5 degrees, #tag & more"),
        ("[a](b) &lt;", r"\[a\](b) \&lt;"),
    ],
)
def test_only_what_would_be_markup_is_escaped(text: str, markdown: str) -> None:
    assert escaped(text) == markdown
    assert escaped(escaped(text)) == markdown


def test_slugs_are_lower_case_words_and_hyphens() -> None:
    assert slug_of("Über uns: Café's 3!") == "uber-uns-cafes-3"
    assert slug_of("שלום") == "campaign"


# Another try


def test_without_an_issue_the_second_draft_is_the_first() -> None:
    made = bakery("blog_post")

    again = made.rewritten(only(made), QcIssue(QcSeverity.MAJOR, "Opening", "I don't like it."))

    assert again == only(made)


@pytest.mark.parametrize(
    ("answers", "benchmark_id"),
    [
        ({"offer": "Orders before 1 May 2026 come with a knife."}, "past-dates"),
        ({"offer": "Come on Monday, 31 June 2027."}, "impossible-dates"),
        ({"website": "www.bakery.example"}, "links"),
        ({"proof": ["We bake the the bread."]}, "doubled-words"),
        ({"story": f"We bake {'rye bread ' * 19}, and the oven is warm all night."},
         "long-sentences"),
    ],
)  # fmt: skip
def test_what_a_verdict_found_is_mended(answers: dict[str, Any], benchmark_id: str) -> None:
    made = bakery("blog_post", **answers)
    first = made.checked(only(made))
    assert benchmark_id in ids(first)

    second = made.checked(made.rewritten(only(made), *verdict(first)))

    assert benchmark_id not in ids(second)
    assert second.score > first.score


def test_a_near_duplicate_is_written_from_other_points() -> None:
    made = example("hollowmere")
    first = made.first("blog_post")
    evaluation = made.checked(first, [first])
    assert "near-duplicates" in ids(evaluation)

    second = made.rewritten(first, *verdict(evaluation))

    assert "near-duplicates" not in ids(made.checked(second, [first]))


def test_what_was_mended_stays_so_in_every_further_draft() -> None:
    made = bakery("blog_post")
    first = issue("banned-phrases", "The brand doesn't use “crisp”.")
    second = issue("required-phrases", "The brand's phrase “by hand” is missing.")

    once = made.rewritten(only(made), first)
    twice = made.rewritten(once, second)

    assert (twice.metadata or {})["mended"] == [
        ["banned-phrases", first.reason],
        ["required-phrases", second.reason],
    ]
    assert "crisp" not in twice.body
    assert "By hand." in twice.body


@pytest.mark.parametrize(
    ("benchmark_id", "reason", "gone", "there"),
    [
        ("unsupported-claims", "“Two thousand loaves” is a claim that the brief doesn't have.",
         "thousand", "Crusts stay crisp"),
        ("banned-phrases", "The brand doesn't use “crisp”.", "crisp", "keeps for a week"),
        ("required-phrases", "The brand's phrase “by hand” is missing.", "zzz", "By hand."),
        ("legal-lines", "The legal line “Prices vary.” is missing.", "zzz", "Prices vary."),
        ("length", "The draft has 70 words, more than 45.", "Two thousand", "lit at four"),
    ],
)  # fmt: skip
def test_each_issue_changes_what_it_is_about(
    benchmark_id: str, reason: str, gone: str, there: str
) -> None:
    made = bakery("blog_post")

    again = made.rewritten(only(made), issue(benchmark_id, reason))

    assert gone not in again.body
    assert there in again.body


def test_a_post_and_a_script_that_are_too_long_get_shorter() -> None:
    post, script = bakery("social_post"), bakery("video_script")
    too_long = issue("social-limits", "The post counts 300 characters; x takes 200.")
    too_slow = issue("spoken-length", "90 spoken words take about 34 seconds, longer than 12.")

    assert len(post.rewritten(only(post), too_long).body.strip()) <= 200
    spoken = script.rewritten(only(script), too_slow).body
    assert spoken.count("Voiceover") < only(script).body.count("Voiceover")


async def test_the_generator_keeps_to_its_port() -> None:
    made = bakery("email")

    written = await BuiltInDraftGenerator().write(made.subject(made.tactics[0]))

    assert written == only(made)
    assert (written.strategy_id, written.campaign_id) == ("plan-1", "campaign-1")
    assert written.draft_id is None
