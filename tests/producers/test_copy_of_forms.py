"""What drafts say, and leave out, of forms as clients fill them in."""

import pytest

from domain.qc import QcSeverity
from orchestration.producers.briefs.material import material_of
from tests.producers.checking import draft, found
from tests.producers.forms import material
from tests.producers.pipeline import Pipeline


@pytest.mark.parametrize(
    "audience", ["Beer fans 25-45 in Leeds", "Makers (50-500 employees)", "primary: Buyers"]
)
def test_audiences_in_the_words_of_targeting_are_in_no_draft(audience: str) -> None:
    made = Pipeline({"company": "Rye", "audience": audience, "deliverables": "blog post"})

    assert "Who it is for" not in made.drafts[0].body


def test_several_audiences_are_several_sentences() -> None:
    made = Pipeline(
        {"company": "Rye", "audience": ["Couples", "Remote workers"], "deliverables": "blog post"}
    )

    assert "## Who it is for\n\nCouples. Remote workers.\n" in made.drafts[0].body


@pytest.mark.parametrize(
    "note",
    [
        "(Please don't use names or photos.)",
        "Please do not mention the landlord.",
        "Not for publication.",
        "NB: check with the lawyer.",
    ],
)
def test_what_is_said_to_the_agency_is_in_no_draft(note: str) -> None:
    made = Pipeline(
        {
            "company": "Trust",
            "case study": f"A family got a table last spring. {note}",
            "deliverables": "blog post",
        }
    )

    assert "A family got a table last spring." in made.drafts[0].body
    assert note.strip("()") not in made.drafts[0].body


def test_a_polite_word_to_readers_stays() -> None:
    answers = {"about": "Please drink responsibly. Please do not feed the goats."}

    assert len(material(answers).description) == 2


def test_a_piece_without_names_is_named_after_the_website() -> None:
    made = Pipeline({"website": "www.rye.shop/bread", "deliverables": "blog post"})

    assert made.campaign.name == made.drafts[0].title == "rye.shop"


def test_a_product_with_a_name_opens_what_is_said_of_it() -> None:
    read = material(
        {
            "company": "Stackwise GmbH",
            "product": "Stackwise Inventory",
            "about": "Cloud-based inventory for makers. It connects to SAP.",
        }
    )

    assert read.description[0] == "Stackwise Inventory: Cloud-based inventory for makers."


def test_a_script_shows_no_text_twice_in_a_row() -> None:
    made = Pipeline({"company": "Helio", "deliverables": "video"})

    assert made.drafts[0].body == (
        "# Helio\n\nOn-screen text: Helio\n\nVoiceover: Contact Helio.\n"
    )


def test_a_subject_is_not_cut_off_where_there_is_a_whole_one() -> None:
    made = Pipeline(
        {
            "company": "Fernhill",
            "offer": "Free stand with every tree over 6 feet when reserved before 22 November",
            "deliverables": "email",
        }
    )

    assert (made.drafts[0].metadata or {})["subject"] == "Fernhill"


def test_notes_of_a_word_and_what_they_said_before_are_no_problems_to_write_of() -> None:
    read = material(
        {"problems": "Cost. Pain. They haven't been here. Old roofs leak. They are steep."}
    )

    assert read.problems == ("Old roofs leak.", "They are steep.")


@pytest.mark.parametrize(
    "aside",
    [
        "We host parties, although to be honest I'd like fewer of those.",
        f"We started in 2014, {'and then we moved to another place ' * 9}.",
    ],
)
def test_asides_and_sentences_without_an_end_are_in_no_draft(aside: str) -> None:
    made = Pipeline(
        {"company": "Mud", "about": f"We teach throwing. {aside}", "deliverables": "blog post"}
    )

    assert material_of(made.brief).description == ("We teach throwing.",)


def test_what_opens_with_the_companys_name_is_not_said_again() -> None:
    made = Pipeline(
        {"company": "Copper", "event": "Harvest Tap Day at the mill", "formats": "X post, email"}
    )
    post, email = made.first("social_post"), made.first("email")

    assert post.body.count("Harvest Tap Day") == 1
    assert "Copper: Harvest Tap Day at the mill." in email.body
    assert "preheader" not in (email.metadata or {})


def test_a_required_word_alone_is_left_to_the_writer() -> None:
    made = Pipeline({"company": "Helio", "must mention": "subsidy", "deliverables": "blog post"})

    assert "ubsidy" not in made.drafts[0].body
    findings = made.checked(made.drafts[0]).findings
    assert "required-phrases" in [each.benchmark_id for each in findings]


def test_a_draft_of_a_few_words_does_not_pass() -> None:
    made = Pipeline({"company": "Lumen", "deliverables": "blog post"})

    [finding] = made.checked(made.drafts[0]).findings

    assert (finding.benchmark_id, finding.severity) == ("length", QcSeverity.CRITICAL)
    assert not made.checked(made.drafts[0]).passed


def test_hints_say_what_helps() -> None:
    [short] = found("length", draft("Bread takes time today, and it rises.", content_type="x_post"))
    [hard] = found("readability", draft("Organisational prioritisation needs clarity. " * 25))
    [long] = found("readability", draft(f"{'Operational alignment of the team ' * 6}. " * 4))

    assert short.hint == "Add about 1 word that tells the reader something new."
    assert hard.hint == "Use shorter words where they say the same."
    assert long.hint.startswith("Part long sentences")
