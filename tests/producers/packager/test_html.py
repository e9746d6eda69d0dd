"""Drafts as pages of HTML: what they keep of the Markdown, and that nothing in them can do harm."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.producers.packager import drafts
from tests.producers.packager.packages import html, metadata, page

HOSTILE = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></sCrIpT>",
    "</main></body><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><use href='data:image/svg+xml,x'/></svg>",
    "<math><mtext><style><img src onerror=alert(1)></style></mtext></math>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<a href=javascript:alert(1)>x</a> <a href=' java\tscript:alert(1)'>y</a>",
    "[x](javascript:alert(1)) [y](data:text/html,<script>alert(1)</script>) <vbscript:x>",
    "![x](javascript:alert(1)) ![y](https://evil.example/pixel.gif)",
    "<form action=https://evil.example><input name=password></form>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'><base href=//evil.example>",
    "<link rel=stylesheet href=//evil.example/x.css><style>@import '//evil.example'</style>",
    "<p style='background:url(https://evil.example/x)'>x</p>",
    "<table background=//evil.example><tr><td style='text-align:left;background:url(//e)'>x",
    "<video src=//evil.example autoplay></video><audio src=//evil.example></audio>",
    "<object data=//evil.example></object><embed src=//evil.example>",
    "<!--<img src=x onerror=alert(1)>--><![CDATA[<script>]]>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<textarea></textarea><plaintext><script>alert(1)</script>",
    "# <img src=x onerror=alert(1)>\n\n<h1 id=x onclick=alert(1)>y</h1>",
    "---\nsubject: <script>alert(1)</script>\n---\nx",
    '# x" onmouseover="alert(1)',
]


class _Seen(HTMLParser):
    """The elements of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))


OURS = {"html", "head", "meta", "title", "style", "body", "main"}


def require_harmless(page: str) -> None:
    for tag, attributes in _Seen(page).elements:
        assert tag in OURS | drafts.TAGS, tag
        assert attributes.keys() <= {
            *("id", "href", "title", "alt", "start", "style", "colspan", "rowspan", "scope"),
            *("rel", "lang", "charset", "http-equiv", "content", "name", "dir"),
        }
        assert "url" not in (attributes.get("style") or "")
        href = (attributes.get("href") or "").lower().lstrip()
        assert not href.startswith(("javascript:", "data:", "vbscript:"))
    tags = [tag for tag, _ in _Seen(page).elements]
    assert [tags.count(tag) for tag in OURS] == [{"meta": 3}.get(tag, 1) for tag in OURS]


@pytest.mark.parametrize("body", HOSTILE)
def test_nothing_hostile_is_left(body: str) -> None:
    require_harmless(html(body, title="</title><script>alert(1)</script>"))


@settings(max_examples=60)
@given(st.lists(st.sampled_from([*HOSTILE, "**", "> ", "\n\n", "- ", "`", "|a|\n|-|\n", "\x1b"])))
def test_no_mixture_of_it_is_harmful(parts: list[str]) -> None:
    require_harmless(html("".join(parts) or "x"))


def test_a_page_stands_alone() -> None:
    made = html("Brot", title="Brot & Butter", metadata=metadata(language="de"))

    assert made.startswith('<!DOCTYPE html>\n<html lang="de">')
    assert "<title>Brot &amp; Butter</title>" in made
    assert "default-src 'none'" in made


def test_a_draft_without_a_title_gets_its_own_and_no_draft_gets_two() -> None:
    assert page("It takes time.", title="Bread").html == "<h1>Bread</h1>\n<p>It takes time.</p>\n"
    assert page("# Rye\n\nIt.").html == '<h1 id="rye">Rye</h1>\n<p>It.</p>\n'


def test_what_a_client_has_to_know_of_a_draft_stands_below_its_title() -> None:
    made = page(
        "---\nsubject: Rye & more\n---\n# Rye\n",
        metadata=metadata(preheader="Soon", duration=75, words=7, subject="Other"),
    ).html

    assert [part.split("</th><td>") for part in made.split('<th scope="row">')[1:]] == [
        ["Subject", "Rye &amp; more</td></tr>\n<tr>"],
        ["Preheader", "Soon</td></tr>\n<tr>"],
        ["Duration", "75 seconds</td></tr>\n</tbody>\n</table>\n"],
    ]


def test_images_are_links_to_where_they_are() -> None:
    made = page("![A loaf](https://a.example/x.png) [![In](y.png)](https://b.example)").html

    assert re.findall(r'<a href="(.*?)"[^>]*>(.*?)</a>', made) == [
        ("https://a.example/x.png", "Image: A loaf"),
        ("https://b.example", "<span>Image: In</span>"),
    ]


def test_of_images_in_html_the_description_is_left() -> None:
    made = page("<p><img src=x alt='A <b> loaf' id=y></p>\n\n<img src=x>").html

    assert re.findall("<span>(.*?)</span>", made) == [
        "Image: A &lt;b&gt; loaf",
        "Image: without a description",
    ]


def test_lines_of_scripts_and_posts_stay_lines() -> None:
    assert "one<br>\ntwo" in page("one\ntwo", content_type="video_script").html
    assert "one\ntwo" in page("one\ntwo", content_type="blog_post").html
