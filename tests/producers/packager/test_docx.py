"""Drafts as DOCX: the structure of the Markdown, in styles and lists of Word."""

import io
import zipfile
from typing import Any

import pytest
from docx.document import Document
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.producers.packager.docx import docx_of
from tests.producers.packager.packages import docx, page, subject
from tests.support.sources import START

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
START_OF = f"{W}startOverride"
BODY = """# Bread

It takes **time**, *care* and `salt`. See [the shop](https://a.example/?a=1&b=2).

## What you need

- flour
- water
  - cold

3. knead
4. wait

> As my mother said.

```
a < b
  c
```

| part | grams |
|:-----|------:|
| rye  | 400   |

---

End.
"""


def outline(of: Document) -> list[tuple[str, str]]:
    return [(str(each.style and each.style.name), each.text.strip()) for each in of.paragraphs]


def numbering(of: Document) -> list[tuple[int, int, str]]:
    """Of each item: the numbering, the level, the text."""
    return [
        (int(found[0].numId.val), int(found[0].ilvl.val), each.text.strip())
        for each in of.paragraphs
        if (found := each._p.xpath("w:pPr/w:numPr"))
    ]


def test_each_block_has_its_style() -> None:
    assert [each for each in outline(docx(BODY)) if each[1]] == [
        ("Heading 1", "Bread"),
        ("Normal", "It takes time, care and salt. See the shop."),
        ("Heading 2", "What you need"),
        ("Normal", "flour"),
        ("Normal", "water"),
        ("Normal", "cold"),
        ("Normal", "knead"),
        ("Normal", "wait"),
        ("Quote", "As my mother said."),
        ("Code Block", "a < b\n  c"),
        ("Normal", "End."),
    ]


def test_runs_have_their_formats_and_links_their_targets() -> None:
    made = docx(BODY)
    runs = {run.text: run for run in made.paragraphs[1].runs}
    [link] = made.paragraphs[1].hyperlinks

    assert runs["time"].bold
    assert runs["care"].italic
    assert runs["salt"].style.name == "Code"
    assert not runs["It takes "].bold
    assert (link.text, link.url) == ("the shop", "https://a.example/?a=1&b=2")


def test_lists_are_lists_of_word_which_begin_where_the_draft_says() -> None:
    made = docx("- a\n  - b\n\n    c\n\n3. d\n4. e\n\ntext\n\n1. f\n")
    items = numbering(made)
    starts = {
        int(each.get(f"{W}numId")): [int(start.get(f"{W}val")) for start in each.iter(START_OF)]
        for each in made.part.numbering_part.element.iter(f"{W}num")
    }

    assert [(level, text) for _, level, text in items] == [
        (0, "a"),
        (1, "b"),
        (0, "d"),
        (0, "e"),
        (0, "f"),
    ]
    numbers = [number for number, _, _ in items]
    assert numbers[0] == numbers[1]
    assert numbers[2] == numbers[3] != numbers[4]
    assert [starts[number] for number in numbers[2:]] == [[3], [3], [1]]


def test_what_is_in_a_list_but_in_no_item_is_kept_without_a_mark() -> None:
    made = docx("<ul>loose <b>bold</b><li>one</li>tail<ul><li>inner</li></ul></ul>")

    assert [text for _, text in outline(made)[1:]] == ["loose", "bold", "one", "tail", "inner"]
    assert [(level, text) for _, level, text in numbering(made)] == [(0, "one"), (1, "inner")]


def test_tables_have_headings_that_pages_repeat() -> None:
    [table] = docx(BODY).tables

    assert [[cell.text for cell in row.cells] for row in table.rows] == [
        ["part", "grams"],
        ["rye", "400"],
    ]
    assert [bool(row._tr.xpath("w:trPr/w:tblHeader")) for row in table.rows] == [True, False]
    assert table.cell(1, 1).paragraphs[0].paragraph_format.alignment == 2


def test_html_in_a_draft_is_written_too() -> None:
    made = docx(
        "<div><h2>Rye</h2>now<table><tr><td colspan=2>a</td></tr><tr><td>b<td>c</table>"
        "<img src=x alt='A loaf'></div>"
    )

    assert ("Heading 2", "Rye") in outline(made)
    assert ("Normal", "now") in outline(made)
    assert ("Normal", "Image: A loaf") in outline(made)
    assert [len(row._tr.tc_lst) for row in made.tables[0].rows] == [1, 2]


@pytest.mark.parametrize("target", ["{{unsubscribe_url}}", "/shop", "http://[x", "javascript:x"])
def test_what_word_can_not_follow_is_no_link(target: str) -> None:
    made = docx(f"[Leave](<{target}>)")

    assert not made.paragraphs[1].hyperlinks
    assert made.paragraphs[1].text in {"Leave", f"Leave ({target})"}


def test_its_properties_come_from_the_draft() -> None:
    properties = docx("x", title="Bread " * 80).core_properties

    assert properties.title.startswith("Bread Bread")
    assert properties.created == properties.modified == START.replace(microsecond=0)
    assert (properties.author, properties.comments) == ("", "")


def test_nothing_in_it_comes_from_a_clock() -> None:
    made = docx_of(page(BODY), subject(BODY).draft)
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert {each.date_time for each in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert archive.testzip() is None


@settings(max_examples=40)
@given(
    st.lists(
        st.one_of(
            st.text(st.characters(codec="utf-8", exclude_characters="\0")),
            st.sampled_from(
                ["\n\n", "- ", "> ", "1. ", "|a|b|\n|-|-|\n", "<td>", "<b>", "<a href=x>", "<p>"]
            ),
        )
    )
)
def test_any_draft_makes_a_document(parts: list[str]) -> None:
    assert docx("".join(parts) or "x").paragraphs


def test_the_deepest_nesting_loses_no_words() -> None:
    made: Any = docx("<div><b>" * 300 + "deep" + "</b></div>" * 300 + "\n\n" + "<p>after")

    assert "deep" in "".join(each.text for each in made.paragraphs)
    assert "after" in "".join(each.text for each in made.paragraphs)
