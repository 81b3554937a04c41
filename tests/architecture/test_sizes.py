"""The size budget: small modules, small functions, documented and annotated."""

from __future__ import annotations

import ast
import statistics
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("otel_trading", "examples", "registry", "collector", "tools")
MAX_MODULE, MAX_MEDIAN_MODULE = 400, 180
MAX_FUNCTION, MAX_P90_FUNCTION, MAX_MEDIAN_FUNCTION = 60, 30, 9
MAX_ROOT_ENTRIES = 25
FORBIDDEN = {"utils", "util", "common", "helpers", "helper", "manager", "misc", "core"}


def generated(path: Path) -> bool:
    return "make generate. Do not edit." in path.read_text(encoding="utf-8")[:400]


MODULES = [
    path
    for folder in FOLDERS
    for path in sorted((ROOT / folder).rglob("*.py"))
    if path.read_text(encoding="utf-8").strip() and not generated(path)
]


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its decorators and its docstring."""
    documented = ast.get_docstring(function) is not None
    docstring = function.body[0].end_lineno - function.body[0].lineno + 1 if documented else 0  # type: ignore[operator]
    return function.end_lineno - function.lineno + 1 - docstring  # type: ignore[operator]


def functions() -> list[tuple[str, int]]:
    return [
        (f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", body_lines(node))
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def test_no_module_is_longer_than_its_budget():
    assert {str(p.relative_to(ROOT)): lines(p) for p in MODULES if lines(p) > MAX_MODULE} == {}


def test_the_median_module_is_small():
    assert statistics.median(lines(p) for p in MODULES if lines(p) > 5) <= MAX_MEDIAN_MODULE


def test_no_function_is_longer_than_its_budget():
    assert [f for f in functions() if f[1] > MAX_FUNCTION] == []


def test_nine_functions_in_ten_and_the_median_function_are_small():
    sizes = sorted(size for _, size in functions())
    assert sizes[int(len(sizes) * 0.9)] <= MAX_P90_FUNCTION
    assert statistics.median(sizes) <= MAX_MEDIAN_FUNCTION


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_has_a_specific_name_and_a_docstring(path):
    assert path.stem not in FORBIDDEN
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
