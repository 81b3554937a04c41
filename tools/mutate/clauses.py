"""Clauses: the parts of a function, or of a module, that a mutation can change.

The name of a clause is its kind, an identifier that occurs in it if there are several of the kind, and its
number if there are several with the identifier: `condition`, `condition scheme`, `call load 2`. The name
survives moved and reformatted code.
"""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)
Scope = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
_CLAUSE: Final = re.compile(r"(?P<kind>[a-z]+)(?: (?P<identifier>[A-Za-z_]\w*))?(?: (?P<number>\d+))?")
_WIDTH: Final = 90


class NotFoundError(Exception):
    """A function or a clause does not exist, or its name fits several; the message lists the candidates."""


@dataclass(frozen=True)
class Clause:
    """One part of a function.

    Attributes:
        kind: One of `KINDS`.
        identifiers: The names that select it.
        node: The part itself.
        statement: The statement that holds it.
    """

    kind: str
    identifiers: tuple[str, ...]
    node: ast.AST
    statement: ast.AST

    @property
    def line(self) -> int:
        """Return the number of its first line."""
        return int(getattr(self.node, "lineno", getattr(self.statement, "lineno", 0)))


@dataclass(frozen=True)
class Source:
    """A module of the tree.

    Attributes:
        path: Its file, relative to the root.
        text: Its source.
        tree: Its syntax tree.
    """

    path: Path
    text: str
    tree: ast.Module


def read(root: Path, module: str) -> Source:
    """Read a module.

    Args:
        root: The folder of the repository.
        module: Its dotted name.

    Raises:
        NotFoundError: The module does not exist.
    """
    for path in _paths(module):
        if (root / path).is_file():
            text = (root / path).read_text(encoding="utf-8")
            return Source(path, text, ast.parse(text))
    raise NotFoundError(f"no module {module}{_nearest(module, list(_modules(root, module)))}")


def _paths(module: str) -> tuple[Path, Path]:
    place = Path(*module.split("."))
    return place.with_suffix(".py"), place / "__init__.py"


def _modules(root: Path, module: str) -> Iterator[str]:
    """Yield the names of the modules of the package that a module belongs to."""
    for path in sorted((root / module.partition(".")[0]).rglob("*.py")):
        yield ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def scope(root: Path, name: str) -> tuple[Source, Scope]:
    """Return a function, a class or a module, with its source.

    Args:
        root: The folder of the repository.
        name: `module:Class.method`, `module:function`, `module:function.inner`, or `module` alone.

    Raises:
        NotFoundError: It does not exist, or is defined more than once.
    """
    module, _, qualified = name.partition(":")
    source = read(root, module)
    if not qualified:
        return source, source.tree
    known = list(_scopes(source.tree, ""))
    found = [node for known_name, node in known if known_name == qualified]
    if not found:
        names = [*_moved(root, module, qualified), *(known_name for known_name, _ in known)]
        raise NotFoundError(f"no function {qualified} in {module}{_nearest(qualified, names)}")
    if len(found) > 1:
        lines = ", ".join(str(node.lineno) for node in found)
        raise NotFoundError(f"{qualified} is defined {len(found)} times in {module}, on the lines {lines}")
    return source, found[0]


def _moved(root: Path, module: str, qualified: str) -> Iterator[str]:
    """Yield the functions of the same name in other modules of the package."""
    last = qualified.rpartition(".")[2]
    for other in _modules(root, module):
        found = [name for name, _ in _scopes(read(root, other).tree, "")] if other != module else []
        yield from (f"{other}:{name}" for name in found if name.rpartition(".")[2] == last)


def _nearest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, 3, 0.4)
    same = [each for each in known if re.split(r"[.:]", each)[-1] == re.split(r"[.:]", name)[-1]]
    names = list(dict.fromkeys([*same, *near]))
    return f"; did you mean {' or '.join(names)}?" if names else ""


def _scopes(node: ast.AST, prefix: str) -> Iterator[tuple[str, ast.ClassDef | ast.FunctionDef]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (*FUNCTIONS, ast.ClassDef)):
            name = prefix + child.name
            yield name, child  # type: ignore[misc]  # an async function has the same fields
            yield from _scopes(child, f"{name}.")
        else:
            yield from _scopes(child, prefix)


def clauses(scope: Scope) -> list[Clause]:
    """Return the clauses of a scope in the order of its source, without those of inner functions and classes.

    Args:
        scope: A function, a class or a module. The assignments of a class or a module are its constants.
    """
    assignment = "assignment" if isinstance(scope, FUNCTIONS) else "constant"
    decorators = getattr(scope, "decorator_list", ())
    found = [Clause("decorator", _names(each), each, scope) for each in decorators]
    for statement in scope.body:
        found += _within(statement, statement, assignment)
    return sorted(found, key=lambda clause: (clause.line, getattr(clause.node, "col_offset", 0)))


def _within(node: ast.AST, statement: ast.AST, assignment: str) -> Iterator[Clause]:
    if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        return
    if isinstance(node, ast.stmt):
        statement = node
    for kind, identifiers, part in _kinds(node):
        yield Clause(kind or assignment, identifiers, part, statement)
    for child in ast.iter_child_nodes(node):
        yield from _within(child, statement, assignment)


Part = tuple[str, tuple[str, ...], ast.AST]


def _kinds(node: ast.AST) -> Iterator[Part]:
    """Yield kind, identifiers and node of each clause that a node makes; an assignment has no kind yet."""
    yield from _parts_of_expressions(node)
    match node:
        case ast.Return():
            yield "return", _names(node), node
        case ast.Raise():
            yield "raise", _names(node), node
        case ast.ExceptHandler(type=caught):
            yield "except", _names(caught) if caught else (), node
        case ast.withitem(context_expr=manager):
            yield "with", _names(manager), manager
        case ast.Assign(targets=[target]) | ast.AnnAssign(target=target) | ast.AugAssign(target=target):
            yield "", _names(target)[-1:], node
        case _:
            pass


def _parts_of_expressions(node: ast.AST) -> Iterator[Part]:
    match node:
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
            yield "condition", _names(test), test
        case ast.comprehension(ifs=tests):
            yield from (("condition", _names(test), test) for test in tests)
        case ast.BoolOp(values=values):
            yield from (("operand", _names(value), value) for value in values)
        case ast.Call(func=callee):
            yield "call", _names(callee)[-1:], node
        case ast.keyword(arg=str(name)):
            yield "keyword", (name,), node
        case ast.Yield() | ast.YieldFrom():
            yield "yield", _names(node), node
        case _:
            pass


KINDS: Final = (
    "condition, operand, call, keyword, return, yield, raise, except, with, assignment, constant, decorator"
)


def _names(node: ast.AST) -> tuple[str, ...]:
    """Return the identifiers of an expression, the name of a dotted name last."""
    names = [
        each.id if isinstance(each, ast.Name) else each.attr
        for each in ast.walk(node)
        if isinstance(each, (ast.Name, ast.Attribute))
    ]
    if isinstance(node, ast.Attribute):
        names = [name for name in names if name != node.attr] + [node.attr]
    return tuple(dict.fromkeys(names))


def find(scope: Scope, name: str) -> Clause:
    """Return the clause that a name selects.

    Args:
        scope: The function that holds it.
        name: As in the description of this module.

    Raises:
        NotFoundError: No clause fits, or several do.
    """
    given = _CLAUSE.fullmatch(name)
    if given is None:
        raise NotFoundError(
            f"{name!r} does not name a clause: give a kind ({KINDS}), an identifier, a number"
        )
    everything = clauses(scope)
    fits = [clause for clause in everything if clause.kind == given["kind"]]
    if given["identifier"]:
        fits = [clause for clause in fits if given["identifier"] in clause.identifiers]
    if given["number"]:
        fits = fits[int(given["number"]) - 1 : int(given["number"])]
    if len(fits) != 1:
        problem = "is ambiguous" if fits else "does not exist"
        raise NotFoundError(f"clause {name!r} {problem}; there are\n{listing(scope)}")
    return fits[0]


def listing(scope: Scope) -> str:
    """Return the clauses of a function, one a line: the shortest name, the line number and the source."""
    everything = clauses(scope)
    lines = []
    for clause in everything:
        text = " ".join(ast.unparse(clause.node).split())
        text = text if len(text) <= _WIDTH else f"{text[:_WIDTH]}…"
        lines.append(f"  {_shortest_name(clause, everything):30} line {clause.line}: {text}")
    return "\n".join(lines)


def _shortest_name(clause: Clause, everything: list[Clause]) -> str:
    same_kind = [each for each in everything if each.kind == clause.kind]
    if len(same_kind) == 1:
        return clause.kind
    fits = {name: [each for each in same_kind if name in each.identifiers] for name in clause.identifiers}
    if not fits:
        return f"{clause.kind} {same_kind.index(clause) + 1}"
    name = min(fits, key=lambda each: len(fits[each]))
    number = "" if len(fits[name]) == 1 else f" {fits[name].index(clause) + 1}"
    return f"{clause.kind} {name}{number}"
