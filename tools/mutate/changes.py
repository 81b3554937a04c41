"""Changes: applies one of a closed set of changes to the source text of a clause."""

from __future__ import annotations

import ast
from typing import Final

from tools.mutate.clauses import Clause
from tools.mutate.scopes import Source

CHANGES: Final = {
    "drop": "without a statement, a call, a keyword, an operand, a decorator or a context manager",
    "never": "with a condition that is always false",
    "always": "with a condition that is always true",
    "argument": "with the first argument in place of a call",
    "narrow": "with an `except` that catches only ZeroDivisionError",
    "value": "with another value: of a return, a constant, an assignment, a keyword, a condition or a call",
}
_RARE_ERROR: Final = "ZeroDivisionError"
_EMPTY_STATEMENTS: Final = dict.fromkeys(("call", "yield", "raise", "assignment"), "pass") | {
    "return": "return None"
}
"""The statement that replaces the statement of a dropped clause, by the kind of the clause."""
_NEUTRAL_EXPRESSIONS: Final = {
    "with": '__import__("contextlib").nullcontext()',
    "decorator": "(lambda function: function)",
}
"""The expression that replaces a dropped clause, by the kind of the clause."""


class ChangeError(Exception):
    """A change does not fit its clause, or has no effect."""


def changed(source: Source, clause: Clause, change: str, value: str = "") -> str:
    """Return the source with one clause changed.

    Args:
        source: The module.
        clause: A clause of the module.
        change: One of `CHANGES`.
        value: The expression of the change "value".

    Raises:
        ChangeError: The change does not fit the clause, or has no effect.
    """
    node, text = _replacement(source, clause, change, value)
    # Replacing only the span keeps most line numbers, so that a traceback of a mutant fits the original.
    start, end = _span(source.text, node)
    encoded = source.text.encode()
    mutated = (encoded[:start] + text.encode() + encoded[end:]).decode()
    if ast.dump(ast.parse(mutated)) == ast.dump(source.tree):
        raise ChangeError(f"{change!r} changes nothing in this {clause.kind}")
    return mutated


def _replacement(source: Source, clause: Clause, change: str, value: str) -> tuple[ast.AST, str]:
    match change, clause.kind, clause.node:
        case "never", "condition", node:
            return node, "False"
        case "always", "condition", node:
            return node, "True"
        case "narrow", "except", ast.ExceptHandler(type=ast.expr() as caught):
            return caught, _RARE_ERROR
        case "argument", "call", ast.Call(args=[first, *_]) as node:
            return node, f"({_text(source, first)})"
        case "drop", _, _:
            return _dropped(source, clause)
        case "value", _, node:
            return _with_value(clause, node), f"({value})"
        case _:
            raise ChangeError(f"{change!r} does not fit a clause of the kind {clause.kind!r}")


def _with_value(clause: Clause, node: ast.AST) -> ast.AST:
    """Return the expression of a clause that the change "value" replaces."""
    match node:
        case ast.Return(value=ast.expr() as expression):
            return expression
        case ast.Assign(value=expression) | ast.AugAssign(value=expression) | ast.keyword(value=expression):
            return expression
        case ast.AnnAssign(value=ast.expr() as expression):
            return expression
        case ast.expr() if clause.kind in {"call", "condition", "operand"}:
            return node
        case _:
            raise ChangeError(f"a clause of the kind {clause.kind!r} has no value")


def _dropped(source: Source, clause: Clause) -> tuple[ast.AST, str]:
    if clause.kind in {"call", "yield"} and not _is_statement(clause):
        raise ChangeError(f"only a {clause.kind} that is a statement of its own can be dropped")
    if clause.kind in _EMPTY_STATEMENTS:
        return clause.statement, _EMPTY_STATEMENTS[clause.kind]
    if clause.kind in _NEUTRAL_EXPRESSIONS:
        return clause.node, _NEUTRAL_EXPRESSIONS[clause.kind]
    if clause.kind == "operand":
        return _without(source, clause, ast.BoolOp)
    if clause.kind == "keyword":
        return _without(source, clause, ast.Call)
    raise ChangeError(f"'drop' does not fit a clause of the kind {clause.kind!r}")


def _is_statement(clause: Clause) -> bool:
    match clause.statement:
        case ast.Expr(value=ast.Await(value=node) | node):
            return node is clause.node
        case _:
            return False


def _without(source: Source, clause: Clause, kind: type[ast.BoolOp | ast.Call]) -> tuple[ast.AST, str]:
    """Return the expression around an operand or a keyword, and its text without that part."""
    for whole in ast.walk(source.tree):
        if isinstance(whole, ast.BoolOp) and kind is ast.BoolOp and clause.node in whole.values:
            kept = [value for value in whole.values if value is not clause.node]
            return whole, f"({ast.unparse(ast.BoolOp(whole.op, kept) if len(kept) > 1 else kept[0])})"
        if isinstance(whole, ast.Call) and kind is ast.Call and clause.node in whole.keywords:
            keywords = [keyword for keyword in whole.keywords if keyword is not clause.node]
            return whole, ast.unparse(ast.Call(whole.func, whole.args, keywords))
    raise ChangeError(f"this {clause.kind} stands alone")


def _text(source: Source, node: ast.AST) -> str:
    return ast.get_source_segment(source.text, node) or ast.unparse(node)


def _span(text: str, node: ast.AST) -> tuple[int, int]:
    """Return the offsets of the first byte of a node and of the byte after the node."""
    # The columns of a syntax tree count bytes of UTF-8: https://docs.python.org/3/library/ast.html
    starts = [0]
    for line in text.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    place: ast.expr = node  # type: ignore[assignment]  # a statement has the same four fields
    assert place.end_lineno is not None
    assert place.end_col_offset is not None
    return starts[place.lineno - 1] + place.col_offset, starts[place.end_lineno - 1] + place.end_col_offset
