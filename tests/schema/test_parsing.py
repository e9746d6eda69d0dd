"""Documents are parsed as graphql-core parses them, whatever is in them."""

import tracemalloc
from collections import Counter
from dataclasses import fields
from typing import Any, Final

import pytest
from graphql import (
    DocumentNode,
    ExecutableDefinitionNode,
    GraphQLSyntaxError,
    Node,
    Token,
    parse,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from schema.parsing import extent, parsed

MAX_TOKENS: Final = 5_000

SINK: Final = '''
query Q($id: ID! = "a\\u00e9", $many: [[Int!]!] = [1, [-2.5e+3], []] @some(a: {b: null}),
  $e: E = ON)
@on(query: true) {
  alias: field(a: $id, b: {c: [$many, {}], d: "", e: """ block " \\""" of
    two lines """}, f: false) @skip(if: $x) @include(if: true) {
    ... on Type @a { on, true: false } # a comment "with" { marks
    ...Fragment @b
    ... @c { null }
    ... { nothing {} }
  }
}
mutation { fragment(query: mutation) }\r\nsubscription S @a { a }\r
fragment Fragment on Type @a { on: on }
{ a }
'''

PIECES: Final = [
    *"!$&()[]{}:=@|.-+\"\\#'`?%/,\t\r\n ",
    *("...", "..", '""', '"""', "\\n", '\\"', '\\"""', "\\u00e9", "\\u{1F600}", "\\ud83d\\ude00"),
    *(
        "\r\n",
        "\ufeff",
        "\0",
        "\x7f",
        "\x85",
        "\u2028",
        "é",
        "ª",
        "\u0665",
        "😀",
        "\ud83d",
        "\ude00",
    ),
    *("0", "1", "-1", "01", "1.5", "1.", ".5", "1e3", "1E-3", "1ea", "1a", "0xF", "-"),
    *("a", "_b", "C9", "on", "true", "false", "null", "query", "mutation", "fragment", "extend"),
    *(
        "type",
        "repeatable",
        "# c",
        '"s"',
        '"""b"""',
        "$v",
        "@d",
        "{ a }",
        "{a(b:",
        "fragment F on T",
    ),
]
"""The pieces of random texts: tokens, parts of tokens, and characters that begin no token."""

pieces = st.sampled_from(PIECES)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Some look like documents, most of them don't."""
    inner = "".join(draw(st.lists(pieces, max_size=12)))
    before, after = draw(
        st.sampled_from([("", ""), ("{ a", "}"), ("{ a(b: ", ") }"), ("query ", "{a}")])
    )
    return before + inner + after


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A document that has everything, but for what was changed in a few places."""
    text = SINK
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(text)))
        end = start + draw(st.integers(0, 5))
        text = text[:start] + draw(pieces | st.just("")) + text[end:]
    return text


strings = st.text(st.characters() | st.sampled_from('"\\\n\r#{}ub'), max_size=12)
documents = (
    texts()
    | mutated()
    | strings.map('{{ a(b: "{}") }}'.format)
    | strings.map('{{ a(b: """{}""") c }}'.format)
    | strings.map("{{ a # {}\n b }}".format)
)


def test_documents_are_those_of_graphql_core() -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=1_500)
    @given(text=documents)
    def compare(text: str) -> None:
        document = parsed(text, MAX_TOKENS)
        try:
            expected = parse(text)
        except GraphQLSyntaxError:
            assert document is None
            seen["error"] += 1
            return
        if document is None:
            assert is_rare(expected) or any("\ud800" <= mark <= "\udfff" for mark in text)
            return
        assert document == expected
        assert document.token_count == expected.token_count
        assert everything(document) == everything(expected)
        seen["same"] += 1

    compare()
    assert seen["same"] > 300
    assert seen["error"] > 300


@pytest.mark.parametrize("newline", ["\n", "\r", "\r\n", "\n\r"])
def test_lines_and_columns(newline: str) -> None:
    text = newline.join(SINK.splitlines())
    document = parsed(text, MAX_TOKENS)
    assert document is not None
    assert everything(document) == everything(parse(text))


@pytest.mark.parametrize(
    "text",
    ["{ a }", "{ a # 1 } \n # 2 \n }", '{ a(b: "# no") }', SINK],
    ids=["plain", "comments", "no comment", "everything"],
)
def test_the_most_tokens_and_comments(text: str) -> None:
    count = parse(text).token_count
    assert parsed(text, count) is not None
    found = extent(text)
    assert found.tokens + found.comments == count
    most = max(found.tokens, found.comments)
    assert parsed(text, most) is not None
    assert parsed(text, most - 1) is None


@pytest.mark.parametrize(
    "text",
    ["{ " + "a " * 90_000 + "}", "{ " + '"" ' * 90_000 + "}", "# comment\n" * 90_000 + "{ a }"],
    ids=["names", "texts", "comments"],
)
def test_of_a_text_with_far_too_much_only_what_may_be_is_kept(text: str) -> None:
    """The tokens of a text take up to ten times as much memory as the text."""
    tracemalloc.start()
    try:
        assert parsed(text, MAX_TOKENS) is None
        counted = extent(text)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert counted.tokens + counted.comments > 90_000
    assert most < 2_500_000


def test_deep_documents_are_left_to_graphql_core() -> None:
    assert parsed("{a" * 50 + "}" * 50, MAX_TOKENS) is not None
    assert parsed("{a" * 51 + "}" * 51, MAX_TOKENS) is None
    assert parsed("{a(b:" + "[" * 10_000 + "]" * 10_000 + ")}", 50_000) is None
    assert extent("{a(b:" + "[" * 60 + "]" * 60 + ")}").nesting == 62


def test_tokens_are_not_linked() -> None:
    document = parsed(SINK, MAX_TOKENS)
    assert document is not None
    assert all(token.prev is token.next is None for token in tokens_of(document))


def is_rare(document: DocumentNode) -> bool:
    """Whether it has a description, or defines types."""
    for definition in document.definitions:
        if not isinstance(definition, ExecutableDefinitionNode) or definition.description:
            return True
        if any(each.description for each in definition.variable_definitions or ()):
            return True
    return False


def everything(node: Any) -> Any:
    """All that a node has and locations tell, tokens as well."""
    if isinstance(node, tuple):
        return tuple(map(everything, node))
    if not isinstance(node, Node):
        return node
    assert node.loc is not None
    found = {field.name: everything(getattr(node, field.name)) for field in fields(node)}
    return type(node), found, tokens_of(node), node.loc.source.body


def tokens_of(node: Node) -> list[Token]:
    assert node.loc is not None
    return [node.loc.start_token, node.loc.end_token]
