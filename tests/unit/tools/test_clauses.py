"""A clause has a name that selects it alone, and a change edits only the clause."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tools.mutate import changes, documents
from tools.mutate.clauses import find, listing
from tools.mutate.scopes import NotFoundError, Source, scope

CODE = '''
"""Ünïcode before the clauses."""
LIMIT = 128

@cached
def send(items, retry=True):
    """Sends."""
    if items and len(items) > LIMIT:
        raise ValueError("too many")
    try:
        with lock:
            post(items, timeout=3)
        log("ö", post(items))
    except OSError as error:
        total = clamp(error.errno)
        return total

    def inner():
        return items

class Queue:
    def put(self):
        if self.full:
            return False
        return True
'''


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "sender.py").write_text(CODE, encoding="utf-8")
    (tmp_path / "room" / "other.py").write_text("def moved(): return 1\n", encoding="utf-8")
    return tmp_path


def mutated(root: Path, name: str, clause: str, change: str, value: str = "") -> str:
    source, function = scope(root, name)
    return changes.changed(source, find(function, clause), change, value)


@pytest.mark.parametrize(
    ("name", "clause", "change", "before", "after"),
    [
        ("send", "condition", "never", "if items and len(items) > LIMIT:", "if False:"),
        ("send", "condition LIMIT", "always", "if items and len(items) > LIMIT:", "if True:"),
        ("send", "operand LIMIT", "drop", "items and len(items) > LIMIT", "(items)"),
        ("send", "raise", "drop", 'raise ValueError("too many")', "pass"),
        ("send", "with lock", "drop", "with lock:", 'with __import__("contextlib").nullcontext():'),
        ("send", "call post 1", "drop", "            post(items, timeout=3)", "            pass"),
        ("send", "keyword timeout", "drop", "post(items, timeout=3)", "post(items)"),
        ("send", "call post 2", "argument", '"ö", post(items)', '"ö", (items)'),
        ("send", "call clamp", "argument", "clamp(error.errno)", "(error.errno)"),
        ("send", "except", "narrow", "except OSError as", "except ZeroDivisionError as"),
        ("send", "assignment total", "drop", "total = clamp(error.errno)", "pass"),
        ("send", "return", "drop", "return total", "return None"),
        ("send", "decorator cached", "drop", "@cached", "@(lambda function: function)"),
        ("send.inner", "return", "drop", "return items", "return None"),
        ("Queue.put", "return 2", "drop", "return True", "return None"),
    ],
)
def test_a_change_edits_its_clause_and_nothing_else(root, name, clause, change, *, before, after):
    assert CODE.count(before) == 1
    assert mutated(root, f"room.sender:{name}", clause, change) == CODE.replace(before, after)


def test_a_value_replaces_that_of_a_return_a_constant_or_a_keyword(root):
    assert "return (0)" in mutated(root, "room.sender:send", "return", "value", "0")
    assert "LIMIT = (10**9)" in mutated(root, "room.sender", "constant LIMIT", "value", "10**9")
    assert "timeout=(None)" in mutated(root, "room.sender:send", "keyword timeout", "value", "None")


def test_a_name_survives_moved_and_reformatted_code(root):
    path = root / "room" / "sender.py"
    tree = ast.parse(CODE)
    tree.body.reverse()
    path.write_text(ast.unparse(tree), encoding="utf-8")
    assert "if False:" in mutated(root, "room.sender:send", "condition LIMIT", "never")


@pytest.mark.parametrize(
    ("name", "clause", "message"),
    [
        ("room.sendr:send", "return", "no module room.sendr; did you mean room.sender?"),
        ("room.sender:sent", "return", "no function sent in room.sender; did you mean send?"),
        ("room.sender:put", "return", "no function put in room.sender; did you mean Queue.put?"),
        ("room.sender:moved", "return", "no function moved in room.sender; did you mean room.other:moved?"),
        ("room.sender:send", "call", r"clause 'call' is ambiguous; there are\n  decorator"),
        ("room.sender:send", "call load", "clause 'call load' does not exist"),
        ("room.sender:send", "call post 3", "clause 'call post 3' does not exist"),
        ("room.sender:send", "the call", "'the call' does not exist"),
        ("room.sender:send", "call()", r"'call\(\)' does not name a clause: give a kind \(condition, "),
    ],
)
def test_a_wrong_name_is_refused_with_the_nearest_ones(root, name, clause, message):
    with pytest.raises(NotFoundError, match=message):
        mutated(root, name, clause, "drop")


def test_a_function_that_is_defined_twice_is_refused(root):
    path = root / "room" / "sender.py"
    path.write_text("def f(): pass\ndef f(): return 1\n", encoding="utf-8")
    with pytest.raises(NotFoundError, match="f is defined 2 times in room.sender, on the lines 1, 2"):
        scope(root, "room.sender:f")


@pytest.mark.parametrize(
    ("clause", "change"),
    [("condition", "drop"), ("call post 2", "drop"), ("call post 1", "never"), ("except", "value")],
)
def test_a_change_that_does_not_fit_is_refused(root, clause, change):
    with pytest.raises(changes.ChangeError):
        mutated(root, "room.sender:send", clause, change)


def test_a_change_that_changes_nothing_is_refused(root):
    with pytest.raises(changes.ChangeError, match="changes nothing"):
        mutated(root, "room.sender", "constant LIMIT", "value", "128")


def test_every_listed_name_selects_its_clause(root):
    _, function = scope(root, "room.sender:send")
    names = [line.partition(" line ")[0].strip() for line in listing(function).splitlines()]
    assert len(names) == 16
    assert len({id(find(function, name).node) for name in names}) == len(set(names))


DOCUMENT = """
groups:
  - name: first
    rules:
      - {alert: A, expr: x, for: 5s}
  - name: second
    rules:
      - {alert: B, expr: y}
"""


def test_an_entry_of_a_document_is_dropped_replaced_or_added():
    assert "B" not in documents.changed(DOCUMENT, "groups.*.rules.B", "drop", None)
    assert "for" not in documents.changed(DOCUMENT, "groups.first.rules.0.for", "drop", None)
    assert "expr: z" in documents.changed(DOCUMENT, "groups.*.rules.A.expr", "value", "z")
    assert "labels" in documents.changed(DOCUMENT, "groups.1.labels", "value", {"a": "b"})


@pytest.mark.parametrize(
    ("path", "change"), [("groups.*.rules.C", "drop"), ("groups.*.name", "drop"), ("groups.2", "drop")]
)
def test_an_entry_that_does_not_exist_or_is_ambiguous_is_refused(path, change):
    with pytest.raises(NotFoundError):
        documents.changed(DOCUMENT, path, change, None)


def test_a_source_knows_its_file(root):
    source, _ = scope(root, "room.sender")
    assert isinstance(source, Source)
    assert source.path == Path("room/sender.py")
