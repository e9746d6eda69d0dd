"""A parser of executable documents, several times as fast as graphql-core's.

It returns the same nodes as graphql-core's parser, with the same locations. It knows neither
descriptions nor type definitions, and reports no errors: graphql-core parses documents with these,
and every invalid document.
"""

import re
from collections.abc import Callable
from itertools import islice
from typing import Any, Final, NamedTuple, TypeVar

from graphql import (
    ArgumentNode,
    BooleanValueNode,
    DefinitionNode,
    DirectiveNode,
    DocumentNode,
    EnumValueNode,
    FieldNode,
    FloatValueNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSyntaxError,
    InlineFragmentNode,
    IntValueNode,
    ListTypeNode,
    ListValueNode,
    Location,
    NamedTypeNode,
    NameNode,
    NonNullTypeNode,
    NullValueNode,
    ObjectFieldNode,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    Source,
    StringValueNode,
    Token,
    TokenKind,
    TypeNode,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
    parse_value,
)

_MAX_INLINE_CHARACTERS: Final = 16 * 1024
"""The tokens of a text of so many characters are found at once: a few milliseconds at most."""
_MAX_DEPTH: Final = 50
"""The depth of nested selections, lists and objects. graphql-core parses deeper documents, and has
a limit of its own."""

_TOKEN_KINDS: Final = {
    **{text: TokenKind(text) for text in (*"!$&():=@[]{|}", "...")},
    "": TokenKind.EOF,
}
_VALUES: Final[dict[TokenKind, type[ValueNode]]] = {
    TokenKind.STRING: StringValueNode,
    TokenKind.BLOCK_STRING: StringValueNode,
    TokenKind.INT: IntValueNode,
    TokenKind.FLOAT: FloatValueNode,
    TokenKind.NAME: EnumValueNode,
}
_CONSTANTS: Final[dict[str | None, Callable[[Location], ValueNode]]] = {
    "true": lambda location: BooleanValueNode(value=True, loc=location),
    "false": lambda location: BooleanValueNode(value=False, loc=location),
    "null": lambda location: NullValueNode(loc=location),
}
_OPENING: Final = frozenset("([{")
_CLOSING: Final = frozenset(")]}")
_NAME: Final = TokenKind.NAME
_FLOAT: Final = re.compile("[.eE]")

_TOKENS: Final = re.compile(
    r'''
    ( (?: [ \t,\ufeff\r\n]++ | \#[^\r\n\ud800-\udfff]*+ )*+ )  # what is ignored
    (?:
        (
            [A-Za-z_][A-Za-z_0-9]*+
          | [!$&():=@\[\]{|}] | \.\.\.
          | (?> -? (?:0|[1-9][0-9]*) (?:\.[0-9]+)? (?:[eE][+-]?[0-9]+)? ) (?![.A-Za-z_0-9])
          | """ (?> (?: [^"\\\ud800-\udfff]++ | \\(?:""")?+ | "(?!"") )* ) """
          | "(?!"") (?> (?: [^"\\\r\n\ud800-\udfff]++ | \\[^\r\n\ud800-\udfff] )* ) "
          | \Z
        )
      | ([\s\S]++)                                             # the rest, where it isn't known
    )
    ''',
    re.VERBOSE,
)
"""Takes linear time for every text, because it never backtracks: it has atomic groups. (Up to
Python 3.11.4, possessive repetition of a group misses matches.)"""

_WITHIN_A_LINE: Final = frozenset(("", " ", ", "))
"""The most frequent separators of tokens."""
_NEWLINE: Final = re.compile(r"\r\n|\n|\r")
_COMMENT: Final = re.compile(r"#[^\r\n]*")

_OPERATIONS: Final = {kind.value: kind for kind in OperationType}

_new = object.__new__
_set = object.__setattr__
"""Nodes equal those of graphql-core's dataclass constructors, which take a multiple of the time: an
attribute that isn't set has the default of its field, from the class."""

Found = tuple[str, str, str]
"""Ignored text, the token after it, or else the rest of the text."""

T = TypeVar("T")
N = TypeVar("N", ArgumentNode, ObjectFieldNode)


def parsed(text: str, limit: int) -> DocumentNode | None:
    """The document; None if graphql-core has to parse it, or it exceeds `limit` tokens or comments.

    Its tokens aren't linked to each other.
    """
    found = _matches(text, limit)
    if len(found) - 1 > limit or found[-1][2]:
        return None
    try:
        return _Parser(text, found, limit).document()
    except _NeedsGraphqlCore:
        return None


class Extent(NamedTuple):
    """The number of tokens and comments of a text, and the `nesting` of its brackets."""

    tokens: int
    comments: int
    nesting: int


def extent(text: str) -> Extent:
    """The extent of the text, counted match by match, so that other threads run meanwhile."""
    tokens = comments = depth = nesting = 0
    for found in _TOKENS.finditer(text):
        ignored, token, _ = found.groups("")
        comments += _comments_in((ignored, token, ""))
        tokens += bool(token)
        if token in _OPENING:
            depth += 1
            nesting = max(nesting, depth)
        elif token in _CLOSING:
            depth -= 1
    return Extent(tokens, comments, nesting)


def _matches(text: str, limit: int) -> list[Found]:
    """The matches in the text, up to about `limit` tokens.

    Only the last match has no token, if it's at the text's end.
    """
    found: list[Found]
    if len(text) <= _MAX_INLINE_CHARACTERS:
        found = _TOKENS.findall(text)
    else:
        # `findall` in a long text would keep other threads from running.
        several = islice(_TOKENS.finditer(text), limit + 3)
        found = list(map(_groups_of, several))
    if len(found) > 1 and not found[-2][1]:
        found.pop()
    return found


def _comments_in(found: Found) -> int:
    """The number of comments in the ignored text."""
    return sum(1 for _ in _COMMENT.finditer(found[0])) if "#" in found[0] else 0


def _groups_of(match: re.Match[str]) -> Found:
    ignored, token, rest = match.groups("")
    return ignored, token, rest


class _NeedsGraphqlCore(Exception):
    """graphql-core has to parse the document."""


class _Parser:
    """Parses the tokens in one pass. `_at` is the index of the next token."""

    def __init__(self, text: str, found: list[Found], limit: int) -> None:
        self._source = Source(text)
        self._texts = [text for _, text, _ in found]
        if text.count("#") > limit and sum(map(_comments_in, found)) > limit:
            raise _NeedsGraphqlCore
        self._tokens, self._names, self._comments = _tokens(found, self._source)
        self._at = 0
        self._depth = 0
        self._is_constant = False

    def document(self) -> DocumentNode:
        definitions = [self._definition()]
        while self._texts[self._at]:
            definitions.append(self._definition())
        start, end = Token(TokenKind.SOF, 0, 0, 0, 0), self._tokens[-1]
        document = DocumentNode(
            definitions=tuple(definitions), loc=Location(start, end, self._source)
        )
        _set(document, "token_count", len(self._tokens) - 1 + self._comments)
        return document

    def _definition(self) -> DefinitionNode:
        start = self._at
        keyword = self._texts[start]
        if keyword == "{":
            return OperationDefinitionNode(
                operation=OperationType.QUERY,
                selection_set=self._selection_set(),
                loc=self._location(start),
            )
        self._at = start + 1
        if keyword == "fragment":
            return self._fragment(start)
        if keyword not in _OPERATIONS:
            raise _NeedsGraphqlCore
        return OperationDefinitionNode(
            operation=_OPERATIONS[keyword],
            name=self._name() if self._is_name() else None,
            variable_definitions=self._several(self._variable_definition),
            directives=self._directives(),
            selection_set=self._selection_set(),
            loc=self._location(start),
        )

    def _fragment(self, start: int) -> FragmentDefinitionNode:
        if self._texts[self._at] == "on":
            raise _NeedsGraphqlCore
        name = self._name()
        self._expect("on")
        return FragmentDefinitionNode(
            name=name,
            variable_definitions=(),
            type_condition=self._named_type(),
            directives=self._directives(),
            selection_set=self._selection_set(),
            loc=self._location(start),
        )

    def _variable_definition(self) -> VariableDefinitionNode:
        start = self._at
        variable = self._variable()
        self._expect(":")
        of_type = self._type()
        self._is_constant = True
        # Constant values and directives have the same classes as all others.
        default: Any = self._value() if self._has("=") else None
        directives: Any = self._directives()
        self._is_constant = False
        return VariableDefinitionNode(
            variable=variable,
            type=of_type,
            default_value=default,
            directives=directives,
            loc=self._location(start),
        )

    def _type(self) -> TypeNode:
        start = self._at
        found: NamedTypeNode | ListTypeNode
        if self._has("["):
            self._enter()
            inner = self._type()
            self._depth -= 1
            self._expect("]")
            found = ListTypeNode(type=inner, loc=self._location(start))
        else:
            found = self._named_type()
        if self._has("!"):
            return NonNullTypeNode(type=found, loc=self._location(start))
        return found

    def _named_type(self) -> NamedTypeNode:
        start = self._at
        return NamedTypeNode(name=self._name(), loc=self._location(start))

    def _selection_set(self) -> SelectionSetNode:
        start, texts = self._at, self._texts
        self._expect("{")
        self._enter()
        selections: list[SelectionNode] = []
        while (text := texts[self._at]) != "}":
            selections.append(self._spread() if text == "..." else self._field())
        self._depth -= 1
        self._at += 1
        node = _new(SelectionSetNode)
        _set(node, "selections", tuple(selections))
        _set(node, "loc", self._location(start))
        return node

    def _field(self) -> FieldNode:
        start, texts = self._at, self._texts
        node = _new(FieldNode)
        name = self._name()
        if texts[self._at] == ":":
            _set(node, "alias", name)
            self._at += 1
            name = self._name()
        _set(node, "name", name)
        if (text := texts[self._at]) == "(":
            _set(node, "arguments", self._several(self._argument))
            text = texts[self._at]
        if text == "@":
            _set(node, "directives", self._directives())
            text = texts[self._at]
        if text == "{":
            _set(node, "selection_set", self._selection_set())
        _set(node, "loc", self._location(start))
        return node

    def _spread(self) -> FragmentSpreadNode | InlineFragmentNode:
        start = self._at
        self._at = start + 1
        is_conditional = self._has("on")
        if not is_conditional and self._is_name():
            return FragmentSpreadNode(
                name=self._name(), directives=self._directives(), loc=self._location(start)
            )
        return InlineFragmentNode(
            type_condition=self._named_type() if is_conditional else None,
            directives=self._directives(),
            selection_set=self._selection_set(),
            loc=self._location(start),
        )

    def _directives(self) -> tuple[DirectiveNode, ...] | None:
        found: list[DirectiveNode] = []
        while self._texts[self._at] == "@":
            start = self._at
            self._at = start + 1
            found.append(
                DirectiveNode(
                    name=self._name(),
                    arguments=self._several(self._argument),
                    loc=self._location(start),
                )
            )
        return tuple(found) or None

    def _argument(self) -> ArgumentNode:
        return self._named_value(ArgumentNode)

    def _named_value(self, kind: type[N]) -> N:
        start = self._at
        node = _new(kind)
        _set(node, "name", self._name())
        self._expect(":")
        _set(node, "value", self._value())
        _set(node, "loc", self._location(start))
        return node

    def _value(self) -> ValueNode:
        start = self._at
        text = self._texts[start]
        if text == "{":
            return self._object()
        if text == "[":
            return self._list()
        if text == "$" and not self._is_constant:
            return self._variable()
        token = self._tokens[start]
        self._at = start + 1
        return _value(token, Location(token, token, self._source))

    def _list(self) -> ListValueNode:
        start = self._at
        self._at = start + 1
        self._enter()
        node = _new(ListValueNode)
        _set(node, "values", self._until("]", self._value))
        _set(node, "loc", self._location(start))
        self._depth -= 1
        return node

    def _object(self) -> ObjectValueNode:
        start = self._at
        self._at = start + 1
        self._enter()
        node = _new(ObjectValueNode)
        _set(node, "fields", self._until("}", self._object_field))
        _set(node, "loc", self._location(start))
        self._depth -= 1
        return node

    def _object_field(self) -> ObjectFieldNode:
        return self._named_value(ObjectFieldNode)

    def _variable(self) -> VariableNode:
        start = self._at
        self._expect("$")
        return VariableNode(name=self._name(), loc=self._location(start))

    def _name(self) -> NameNode:
        at = self._at
        name = self._names[at]
        if name is None:
            raise _NeedsGraphqlCore
        self._at = at + 1
        return name

    def _is_name(self) -> bool:
        return self._names[self._at] is not None

    def _several(self, part: Callable[[], T]) -> tuple[T, ...] | None:
        """The items in parentheses, if there are any; they are never empty."""
        if not self._has("("):
            return None
        return (part(), *self._until(")", part))

    def _until(self, end: str, part: Callable[[], T]) -> tuple[T, ...]:
        found: list[T] = []
        while self._texts[self._at] != end:
            found.append(part())
        self._at += 1
        return tuple(found)

    def _has(self, text: str) -> bool:
        if self._texts[self._at] == text:
            self._at += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        if self._texts[self._at] != text:
            raise _NeedsGraphqlCore
        self._at += 1

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise _NeedsGraphqlCore

    def _location(self, start: int) -> Location:
        """The location from a token to the last token that was read."""
        tokens = self._tokens
        return Location(tokens[start], tokens[self._at - 1], self._source)


def _tokens(found: list[Found], source: Source) -> tuple[list[Token], list[NameNode | None], int]:
    """The tokens, the names among them, and the number of comments between them."""
    tokens: list[Token] = []
    names: list[NameNode | None] = []
    comments = 0
    end, line, before = 0, 1, -1
    for ignored, text, _ in found:
        start = end + len(ignored)
        if ignored not in _WITHIN_A_LINE:
            comments += _comments_in((ignored, text, ""))
            for newline in _NEWLINE.finditer(ignored):
                line, before = line + 1, end + newline.end() - 1
        end = start + len(text)
        column = start - before
        name = None
        if (kind := _TOKEN_KINDS.get(text)) is not None:
            token = Token(kind, start, end, line, column)
        elif text.isidentifier():
            token = Token(_NAME, start, end, line, column, text)
            name = _new(NameNode)
            _set(name, "value", text)
            _set(name, "loc", Location(token, token, source))
        elif text[0] != '"':
            kind = TokenKind.FLOAT if _FLOAT.search(text) else TokenKind.INT
            token = Token(kind, start, end, line, column, text)
        elif not text.startswith('"""'):
            value = _string(text) if "\\" in text else text[1:-1]
            token = Token(TokenKind.STRING, start, end, line, column, value)
        else:
            token = Token(TokenKind.BLOCK_STRING, start, end, line, column, _string(text))
            for newline in _NEWLINE.finditer(text):
                line, before = line + 1, start + newline.end() - 1
        tokens.append(token)
        names.append(name)
    return tokens, names, comments


def _string(text: str) -> str:
    """The value of a string with escapes, or of a block string."""
    try:
        node = parse_value(text)
    except GraphQLSyntaxError:
        raise _NeedsGraphqlCore from None
    assert isinstance(node, StringValueNode)
    return node.value


def _value(token: Token, location: Location) -> ValueNode:
    kind, text = token.kind, token.value
    if text in _CONSTANTS and kind is _NAME:
        return _CONSTANTS[text](location)
    made = _VALUES.get(kind)
    if made is None:
        raise _NeedsGraphqlCore
    node = _new(made)
    _set(node, "value", text)
    if made is StringValueNode:
        _set(node, "block", kind is TokenKind.BLOCK_STRING)
    _set(node, "loc", location)
    return node
