"""The programs beside the package import each other in one direction, and only tools and containers have programs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cycles import cycle_in

ROOT = Path(__file__).parents[2]
FOLDERS = ("benchmarks", "collector", "examples", "registry", "tools")


def modules(folder: str) -> dict[str, Path]:
    """The modules of a folder by their dotted names."""
    found = {}
    for path in sorted((ROOT / folder).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = {name: path for folder in FOLDERS for name, path in modules(folder).items()}


def names(module: str, path: Path) -> Iterator[str]:
    """The dotted names that a module imports, inside functions too; without those for type checkers."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    tests = [n for n in ast.walk(tree) if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.dump(n.test)]
    skipped = {node for test in tests for statement in test.body for node in ast.walk(statement)}
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def targets(module: str, path: Path) -> set[str]:
    """The modules beside the package that a module imports; a script also finds the modules beside it."""
    package, top = module.rpartition(".")[0], module.split(".", maxsplit=1)[0]
    found = set()
    for name in names(module, path):
        for full in (name, f"{package}.{name}", f"{top}.{name}"):
            found |= {each for each in (full, full.rpartition(".")[0]) if each in MODULES}
    return found - {module}


EDGES = {module: targets(module, path) for module, path in MODULES.items()}


def test_the_programs_have_no_import_cycle_even_through_functions():
    assert cycle_in(EDGES) == []


def test_the_imports_between_programs_are_seen():
    assert "benchmarks.report" in EDGES["benchmarks.run"]
    assert "collector.stack.programs" in EDGES["collector.stack.running"]
    assert "collector.backends.elasticsearch.install" in EDGES["collector.backends.elasticsearch.setup"]
    assert "tools.generate.writing" in EDGES["tools.generate.__main__"]


@pytest.mark.parametrize("folder", ["registry", "collector", "tools", "examples"])
def test_no_program_imports_a_test(folder):
    importers = {
        module
        for module, path in modules(folder).items()
        for name in names(module, path)
        if "tests" in name.split(".")
    }
    assert importers == set()


def test_the_package_imports_no_program():
    importers = {
        module
        for module, path in modules("otel_trading").items()
        for name in names(module, path)
        if name.split(".")[0] in {*FOLDERS, "tests"}
    }
    assert importers == set()


@pytest.mark.parametrize("folder", ["alerts", "dashboards"])
def test_a_folder_of_data_has_no_program(folder):
    assert list((ROOT / folder).rglob("*.py")) == []


def test_a_cycle_is_found_with_its_modules_in_order():
    assert cycle_in({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert cycle_in({"a": {"b"}, "b": set()}) == []
