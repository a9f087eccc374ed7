"""Every key of a TOML text is found on its line, whatever the text looks like."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.plan.locate import KeyPath, locate

AWKWARD = '''\
# comment with "quotes and [[brackets]]
top = 1
"quoted.key" = "a # no comment \\" = ]"  # comment
'literal "key"' = 'C:\\temp\\'
spaced . dotted   .key = 1979-05-27 07:32:00   # date with a blank
text = """
not = "a key"
[not.a.table]
quote: \\""" and "" and \\\\"""
literal = \'\'\'
still = 'text' # no comment
''two quotes\'\'\'\'\'
list = [ # comment ]
  1, 2, # "
  "]", \'\'\'
# in a text
\'\'\', { a = 1, b.c = [ { d = 2 } ] },
]
empty = []
inline = {}
hex = 0xDEAD_beef
inf = -inf
time = 07:32:00.5

[a.b]         # makes a
key = 1
[a]
key = 2
[[a.list]]
x = 1
[a.list.sub]
y = 2
[[a.list]]
x = 3
[[a.list.deep]]
z = 4
[[a.list.deep]]
z = 5
[ "with space" . 'x' ]
k = """one line"""
'''


def paths(value: Any, path: KeyPath = ()) -> set[KeyPath]:
    """Every key and position of parsed data."""
    items: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    found = {path} if path else set()
    return found.union(*(paths(item, (*path, key)) for key, item in items))


def value_at(data: Any, path: KeyPath) -> Any:
    for part in path:
        data = data[part]
    return data


def agrees_with_tomllib(text: str) -> None:
    """Same keys as tomllib, and each span holds exactly its value."""
    data = tomllib.loads(text)
    located = locate(text)
    assert located.lost is None
    assert set(located.lines) == paths(data)
    assert set(located.spans) <= paths(data)
    for path, (start, end) in located.spans.items():
        alone = tomllib.loads("value = " + text[start:end])["value"]
        assert repr(alone) == repr(value_at(data, path))
        assert text[start:end] == text[start:end].strip()


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_awkward_text(newline: str) -> None:
    text = AWKWARD.replace("\n", newline)
    agrees_with_tomllib(text)
    lines = text.split("\n")
    located = locate(text)
    for path, sign in (
        (("top",), "top ="),
        (("quoted.key",), '"quoted.key"'),
        (('literal "key"',), "'literal"),
        (("spaced", "dotted", "key"), "spaced . dotted"),
        (("text",), 'text = """'),
        (("literal",), "literal = '''"),
        (("list", 1), "1, 2,"),
        (("list", 2), '"]"'),
        (("list", 4, "b", "c", 0, "d"), "''', { a"),
        (("a",), "[a]"),
        (("a", "b"), "[a.b]"),
        (("a", "list", 1, "deep", 1, "z"), "z = 5"),
        (("a", "list", 0, "sub", "y"), "y = 2"),
        (("with space", "x", "k"), "k = "),
    ):
        assert (
            lines[located.lines[path] - 1].startswith(sign)
            or sign in (lines[located.lines[path] - 1])
        ), path
    # an explicit header beats the one that only made the table
    assert lines[located.lines["a",] - 1].startswith("[a]")
    assert lines[located.lines["a", "list", 1] - 1].startswith("[[a.list]]")


def test_line_of_what_is_not_there_is_that_of_the_table_around() -> None:
    located = locate("x = 1\n[[t]]\na = 1\n[[t]]\n")
    assert located.line(("t", 1, "missing", "deeper")) == 4
    assert located.line(("missing",)) is None


def test_other_line_ends_do_not_count() -> None:
    located = locate('a = "\u2028\u0085"\nb = 1\n')
    assert located.lines["b",] == 2


@given(st.text(max_size=200))
def test_never_fails(text: str) -> None:
    locate(text)


@given(st.text(alphabet="abc\"'[]{}=.,#\\ \n\t1", max_size=60))
def test_agrees_with_tomllib_on_whatever_it_accepts(text: str) -> None:
    try:
        tomllib.loads(text)
    except ValueError:
        return
    agrees_with_tomllib(text)


def test_deep_nesting_is_no_trap() -> None:
    locate("a = " + "[" * 100_000)
    locate("a." * 5_000 + "a = 1")


# ---- texts made at random, whose lines are known because we wrote them ----

WORDS = st.text(alphabet="abcäö -_.\"'#[]=\\", min_size=1, max_size=6)
BARE = st.text(alphabet="abz09_-", min_size=1, max_size=4)


@dataclass
class Writer:
    """Writes a document in many styles and keeps the line of each key."""

    draw: Any
    out: list[str] = field(default_factory=list)
    lines: dict[KeyPath, int] = field(default_factory=dict)
    keys: int = 0

    @property
    def line(self) -> int:
        return "".join(self.out).count("\n") + 1

    def put(self, text: str) -> None:
        self.out.append(text)

    def blank(self, *, newlines: bool) -> None:
        choices = ["", " ", "\t "]
        if newlines:
            choices += ["\n", '  # key = "x" [[t]]\n', "\n\n# ''' \"\"\"\n"]
        self.put(self.draw(st.sampled_from(choices)))

    def key(self) -> tuple[str, str]:
        """A new key, plain and as written."""
        self.keys += 1
        if self.draw(st.booleans()):
            plain = self.draw(BARE) + str(self.keys)
            return plain, plain
        plain = self.draw(WORDS) + str(self.keys)
        if "'" not in plain and self.draw(st.booleans()):
            return plain, f"'{plain}'"
        return plain, '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'

    def pair(self, path: KeyPath, depth: int) -> None:
        plain, written = self.key()
        line = self.line
        path = (*path, plain)
        self.lines[path] = line
        self.put(written)
        while self.draw(st.integers(0, 4)) == 0:
            plain, written = self.key()
            path = (*path, plain)
            self.lines[path] = line
            self.blank(newlines=False)
            self.put(".")
            self.blank(newlines=False)
            self.put(written)
        self.blank(newlines=False)
        self.put("=")
        self.blank(newlines=False)
        self.value(path, depth)

    def value(self, path: KeyPath, depth: int) -> None:
        kind = self.draw(st.integers(0, 5 if depth else 3))
        if kind == 4:
            self.array(path, depth)
        elif kind == 5:
            self.put("{")
            for number in range(self.draw(st.integers(0, 2))):
                self.put(", " if number else " ")
                self.pair(path, depth - 1)
            self.put(" }")
        else:
            scalars = ["1", "-0.5e3", "true", "1979-05-27 07:32:00", '"a = \\" # [b]"', "'x\\'"]
            blocks = ['"""\n[t]\na = 1 \\\n # x\n\\""" ""x"""', "'''\nb = 'x'\n''''"]
            self.put(self.draw(st.sampled_from(scalars + blocks)))

    def array(self, path: KeyPath, depth: int) -> None:
        self.put("[")
        size = self.draw(st.integers(0, 3))
        for number in range(size):
            self.blank(newlines=True)
            self.lines[*path, number] = self.line
            self.value((*path, number), depth - 1)
            self.blank(newlines=True)
            if number < size - 1 or self.draw(st.booleans()):
                self.put(",")
        self.blank(newlines=True)
        self.put("]")

    def document(self) -> None:
        self.body(())
        for _ in range(self.draw(st.integers(0, 3))):
            self.blank(newlines=True)
            self.newline()
            plain, written = self.key()
            if self.draw(st.booleans()):
                self.lines[plain,] = self.line
                self.put(f"[ {written} ] # x\n")
                self.body((plain,))
                continue
            self.lines[plain,] = self.line
            for number in range(self.draw(st.integers(1, 3))):
                self.lines[plain, number] = self.line
                self.put(f"[[{written}]]\n")
                self.body((plain, number))
                inner, inner_written = self.key()
                self.lines[plain, number, inner] = self.line
                self.put(f"[{written}.{inner_written}]\n")
                self.body((plain, number, inner))

    def body(self, path: KeyPath) -> None:
        for _ in range(self.draw(st.integers(0, 3))):
            self.pair(path, 2)
            self.put(self.draw(st.sampled_from(["\n", "  # = [\n", "\n\n"])))

    def newline(self) -> None:
        if self.out and not "".join(self.out).endswith("\n"):
            self.put("\n")


@settings(max_examples=60)
@given(st.data())
def test_random_documents(data: st.DataObject) -> None:
    writer = Writer(data.draw)
    writer.document()
    text = "".join(writer.out)
    agrees_with_tomllib(text)
    assert locate(text).lines == writer.lines
