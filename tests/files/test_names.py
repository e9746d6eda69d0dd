"""Names of files as those get them who download: nothing that leads astray."""

import unicodedata
from urllib.parse import unquote

import pytest
from aiohttp import content_disposition_filename, parse_content_disposition
from hypothesis import given
from hypothesis import strategies as st

from files.names import (
    NAME_BYTES,
    content_disposition,
    is_inline,
    safe_name,
    served_type,
    unique_names,
)

HOSTILE = {
    "../../etc/passwd": "_.._etc_passwd",
    "..\\..\\boot.ini": "_.._boot.ini",
    "/etc/passwd": "_etc_passwd",
    "C:\\autoexec.bat": "C__autoexec.bat",
    ".": "file",
    "..": "file",
    "": "file",
    "   ": "file",
    ".htaccess": "htaccess",
    "report.pdf. . ": "report.pdf",
    "CON": "_CON",
    "nul.txt": "_nul.txt",
    "com1.tar.gz": "_com1.tar.gz",
    "console.txt": "console.txt",
    "a\r\nSet-Cookie: b=c.txt": "a__Set-Cookie_ b=c.txt",
    "a\x00b.txt": "a_b.txt",
    'quo"te.txt': "quo_te.txt",
    "exe\u202etxt.fdp": "exetxt.fdp",
    "\u2066\u200fright\u2069.txt": "right.txt",
    "zero\u200bwidth.txt": "zerowidth.txt",
    "\ud800.txt": "txt",
    "Prospekt für Bäcker.pdf": "Prospekt für Bäcker.pdf",
    "e\u0301.txt": "é.txt",
    "提案.pptx": "提案.pptx",
    "🥖.png": "🥖.png",
}


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_hostile_names_become_harmless(name: str) -> None:
    assert safe_name(name) == HOSTILE[name]


@given(st.text() | st.text(alphabet="./\\: con\u202e\r\n\x00a"))
def test_every_name_is_safe_and_stays_so(name: str) -> None:
    safe = safe_name(name)

    assert safe_name(safe) == safe
    assert 0 < len(safe.encode()) <= NAME_BYTES
    assert safe.strip(". ") == safe
    assert not set(safe) & set('/\\:*?"<>|')
    assert not {unicodedata.category(each) for each in safe} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


def test_a_long_name_keeps_its_extension() -> None:
    assert safe_name("ä" * 300 + ".pdf") == "ä" * 98 + ".pdf"
    assert safe_name("a" * 300) == "a" * 200
    assert safe_name("a." + "b" * 300) == "a." + "b" * 198


# Content-Disposition


@pytest.mark.parametrize("name", sorted(set(HOSTILE.values())), ids=ascii)
@pytest.mark.parametrize("inline", [True, False])
def test_clients_read_the_name_from_the_header(name: str, inline: bool) -> None:
    header = content_disposition(name, inline=inline)

    assert header.isascii()
    assert header.isprintable()
    kind, parameters = parse_content_disposition(header)
    assert kind == ("inline" if inline else "attachment")
    assert content_disposition_filename(parameters) == name


def test_who_reads_only_ascii_gets_a_name_as_well() -> None:
    header = content_disposition("Für Bäcker 100%.pdf", inline=False)

    assert header == (
        "attachment; filename=\"Fur Backer 100_.pdf\"; filename*=UTF-8''F%C3%BCr%20B%C3%A4cker%20"
        "100%25.pdf"
    )
    assert content_disposition("提案", inline=True) == (
        "inline; filename=\"file\"; filename*=UTF-8''%E6%8F%90%E6%A1%88"
    )
    assert content_disposition("a\uff0fb\uff02.txt", inline=True).startswith(
        'inline; filename="a_b_.txt";'
    )
    assert content_disposition("提案.pptx", inline=True).startswith('inline; filename="file.pptx";')


@given(st.text().map(safe_name))
def test_every_header_is_one_line_of_ascii(name: str) -> None:
    header = content_disposition(name, inline=False)

    assert header.isascii()
    assert header.isprintable()
    _, _, extended = header.partition("filename*=UTF-8''")
    if extended:
        assert unquote(extended) == name


# Media types


@pytest.mark.parametrize(
    "media_type",
    [
        "text/html",
        "TEXT/HTML; charset=utf-8",
        "application/xhtml+xml",
        "image/svg+xml",
        "text/xml",
        "application/xml",
        "application/rss+xml",
        "text/javascript",
        "application/javascript",
        "application/ecmascript",
        "text/css",
        "application/wasm",
        "application/x-shockwave-flash",
        "multipart/related",
        "message/rfc822",
        "text/cache-manifest",
        "application/vnd.wap.xhtml+xml",
        "",
        "nonsense",
        "text/html\r\nX: y",
    ],
)
def test_what_could_run_in_a_browser_is_mere_octets(media_type: str) -> None:
    assert not is_inline(media_type)
    assert served_type(media_type) == "application/octet-stream"


@pytest.mark.parametrize(
    ("media_type", "served", "inline"),
    [
        ("image/png", "image/png", True),
        ("Image/JPEG", "image/jpeg", True),
        ("text/plain", "text/plain; charset=utf-8", True),
        ("text/plain;charset=iso-8859-1", "text/plain; charset=utf-8", True),
        ("application/pdf", "application/pdf", False),
        ("video/mp4", "video/mp4", False),
        ("text/csv", "text/csv", False),
        ("application/zip", "application/zip", False),
        ("application/json", "application/json", False),
        (
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            False,
        ),
    ],
)
def test_what_is_harmless_keeps_its_type(media_type: str, served: str, inline: bool) -> None:
    assert served_type(media_type) == served
    assert is_inline(media_type) is inline


# Several names


def test_names_in_one_folder_are_made_others() -> None:
    names = ["a.txt", "A.TXT", "a.txt", "../a.txt", "a (2).txt", "é", "e\u0301", "manifest.json"]

    assert unique_names(names, taken=["manifest.json"]) == [
        *("a.txt", "A (2).TXT", "a (3).txt", "_a.txt", "a (2) (2).txt", "é", "é (2)"),
        "manifest (2).json",
    ]


@given(
    st.lists(st.text(max_size=5) | st.text(alphabet="aAäÄ. ()2\u017fß", max_size=5), max_size=30)
)
def test_names_are_others_where_case_and_composition_count_for_nothing(names: list[str]) -> None:
    unique = unique_names(names)

    folded = {unicodedata.normalize("NFD", name).casefold() for name in unique}
    assert len(folded) == len(names)
    assert [safe_name(name) for name in unique] == unique


def test_many_long_names_are_made_others_in_time() -> None:
    unique = unique_names(["ä" * 300 + ".pdf"] * 500)

    assert len(set(unique)) == 500
    assert max(len(name.encode()) for name in unique) <= NAME_BYTES
    assert all(name.endswith(".pdf") for name in unique)
