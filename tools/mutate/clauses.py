"""Clauses: the parts of a function, a class or a module that a mutation can change.

The name of a clause is its kind; then an identifier in the clause, if the scope has several clauses of the
kind; then a number, if several of them have the identifier: `condition`, `condition scheme`, `call load 2`.
Moving or reformatting code does not change the name.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from tools.mutate.scopes import FUNCTIONS, NotFoundError, Scope

Part = tuple[str, tuple[str, ...], ast.AST]

KINDS: Final = (
    "condition, operand, call, keyword, return, yield, raise, except, with, assignment, constant, decorator"
)
_CLAUSE: Final = re.compile(r"(?P<kind>[a-z]+)(?: (?P<identifier>[A-Za-z_]\w*))?(?: (?P<number>\d+))?")
_WIDTH: Final = 90


@dataclass(frozen=True)
class Clause:
    """One part of a scope.

    Attributes:
        kind: One of `KINDS`.
        identifiers: The identifiers that select the clause.
        node: The part itself.
        statement: The statement that contains the part.
    """

    kind: str
    identifiers: tuple[str, ...]
    node: ast.AST
    statement: ast.AST

    @property
    def line(self) -> int:
        """The number of the first line."""
        return int(getattr(self.node, "lineno", getattr(self.statement, "lineno", 0)))


def clauses(scope: Scope) -> list[Clause]:
    """Return the clauses of a scope in the order of its source, without those of inner functions and classes.

    Args:
        scope: A function, a class or a module. The assignments of a class or a module are its constants.
    """
    decorators = getattr(scope, "decorator_list", ())
    found = [Clause("decorator", _names(each), each, scope) for each in decorators]
    for statement in scope.body:
        found += _within(statement, statement)
    if not isinstance(scope, FUNCTIONS):
        found = [replace(each, kind="constant") if each.kind == "assignment" else each for each in found]
    return sorted(found, key=lambda clause: (clause.line, getattr(clause.node, "col_offset", 0)))


def _within(node: ast.AST, statement: ast.AST) -> Iterator[Clause]:
    if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        return
    if isinstance(node, ast.stmt):
        statement = node
    for kind, identifiers, part in (*_parts_of_statement(node), *_parts_of_expression(node)):
        yield Clause(kind, identifiers, part, statement)
    for child in ast.iter_child_nodes(node):
        yield from _within(child, statement)


def _parts_of_statement(node: ast.AST) -> Iterator[Part]:
    """Yield the kind, the identifiers and the node of each clause of a statement."""
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
            yield "assignment", _names(target)[-1:], node
        case _:
            pass


def _parts_of_expression(node: ast.AST) -> Iterator[Part]:
    """Yield the kind, the identifiers and the node of each clause of an expression."""
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


def _names(node: ast.AST) -> tuple[str, ...]:
    """Return the identifiers of an expression; those of a dotted name end with its last part."""
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
        scope: The scope that contains the clause.
        name: The name of the clause; this module's docstring describes the names.

    Raises:
        NotFoundError: No clause has this name, or several do.
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
    """Return the clauses of a scope, one per line: the shortest name, the line number and the source."""
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
