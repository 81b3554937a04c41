"""Imports point one way: a room imports itself and rooms to its left, functions included, without a cycle."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cycles import cycle_in

ROOT = Path(__file__).parents[2]
PACKAGE = "otel_trading"

LEVEL = {
    "semconv": 0,
    "errors": 0,
    "_guard": 0,
    "_losses": 0,
    "_closing": 0,
    "_entry_points": 0,
    "_forking": 0,
    "values": 0,
    "_sdk": 0,
    "recording": 1,
    "metrics": 2,
    "tracing": 2,
    "logs": 2,
    "propagation": 2,
    "instruments": 3,
    "pipeline": 3,
    "__init__": 4,
    "testing": 5,
    "ops": 5,
    "_pytest_plugin": 6,
}
"""Rooms of one level do not know each other; the leaves of level 0 may."""

LEAVES = {"errors", "values", "_sdk", "_forking", "_guard", "_losses", "_closing", "_entry_points"}


def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name."""
    found = {}
    for path in sorted((ROOT / PACKAGE).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def typing_only(tree: ast.AST) -> set[ast.AST]:
    """Nodes below `if TYPE_CHECKING:`, which no interpreter runs."""
    tests = [n for n in ast.walk(tree) if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.dump(n.test)]
    return {node for test in tests for statement in test.body for node in ast.walk(statement)}


def imported(path: Path) -> set[str]:
    """The modules of this package that a module imports, at top level or inside functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped, names = typing_only(tree), set()
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            below = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {name if name in MODULES else node.module for name in below}
    return {name for name in names if name.split(".")[0] == PACKAGE and name in MODULES}


EDGES = {name: imported(path) for name, path in MODULES.items()}


def allowed(importer: str, target: str) -> bool:
    mine, theirs = room(importer), room(target)
    return mine == theirs or LEVEL[theirs] < LEVEL[mine] or {mine, theirs} <= LEAVES


def test_every_module_lives_in_a_known_room():
    assert {room(name) for name in MODULES} <= LEVEL.keys()


@pytest.mark.parametrize("module", MODULES)
def test_a_room_imports_only_itself_and_rooms_to_its_left(module):
    assert [target for target in EDGES[module] if not allowed(module, target)] == []


PIPELINE = ("setup", "collect", "deliver", "clean")
"""The rooms of the pipeline: each imports itself and the rooms after it."""


def pipeline_room(module: str) -> str | None:
    parts = module.split(".")
    return parts[2] if parts[1:2] == ["pipeline"] and len(parts) > 3 else None


def test_the_four_rooms_of_the_pipeline_import_in_one_direction():
    arrows = {
        (pipeline_room(importer), pipeline_room(target)) for importer in MODULES for target in EDGES[importer]
    }
    between = {(a, b) for a, b in arrows if a and b and a != b}
    assert between <= {(a, b) for place, a in enumerate(PIPELINE) for b in PIPELINE[place + 1 :]}


def test_nothing_outside_ops_imports_ops():
    outside = [name for name in MODULES if room(name) != "ops"]
    assert [name for name in outside if any(room(target) == "ops" for target in EDGES[name])] == []


def test_no_import_cycle_even_through_functions():
    assert cycle_in(EDGES) == []


PRIVATE = {
    "sdk.metrics._internal": "_sdk.metrics",
    "_measurement_consumer": "_sdk.metrics",
    "_reader_storages": "_sdk.metrics",
    "_attributes_aggregation": "_sdk.metrics",
    "_reset_on_collect": "_sdk.metrics",
    "_propagators": "_sdk.propagation",
    "_is_owned": "_sdk.locks",
    "_release_save": "_sdk.locks",
    "_acquire_restore": "_sdk.locks",
    "_at_fork_reinit": "_sdk.locks",
    "max_value_len = ": "_sdk.logs",
    "_RUNTIME_CONTEXT": "_sdk.contexts",
    "_span_limits": "_sdk.spans",
    "_span_processors": "_sdk.spans",
    "_tracer_metrics": "_sdk.spans",
    "_is_enabled": "_sdk.spans",
    "_on_ending": "_sdk.spans",
    "_local_parent_sampled": "_sdk.spans",
    "_log_record_limits": "_sdk.logs",
    "_log_encoder": "_sdk.encoders",
}
"""Private names of OpenTelemetry, and the one module that may use them: it probes them, and has a way round."""


@pytest.mark.parametrize("name", PRIVATE)
def test_a_private_name_of_the_sdk_is_used_in_one_module_only(name):
    users = {module for module, path in MODULES.items() if name in path.read_text(encoding="utf-8")}
    assert users == {f"{PACKAGE}.{PRIVATE[name]}"}


def run_isolated(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


NOT_YET = (
    "opentelemetry.exporter",
    "opentelemetry.instrumentation",
    "opentelemetry.propagate",
    "opentelemetry.sdk",
    "otel_trading.pipeline.setup.settings",
    "asyncio",
    "click",
    "difflib",
    "email",
    "grpc",
    "importlib.metadata",
    "multiprocessing",
    "psutil",
    "requests",
    "rich",
    "ssl",
    "sysconfig",
    "zmq",
)
"""What `configure`, a mistake, or a function that few call needs, and an import does not."""


def test_importing_the_package_pulls_in_nothing_that_it_may_never_need():
    loaded = run_isolated("import sys, otel_trading; print(*sys.modules, sep='\\n')").split()
    before = run_isolated("import sys; print(*sys.modules, sep='\\n')").split()
    assert [name for name in loaded if name.startswith(NOT_YET) and name not in before] == []


def test_importing_the_package_prints_nothing_and_starts_no_thread():
    assert run_isolated("import threading, otel_trading; print(threading.active_count())") == "1\n"


ALONE = """
import importlib, os, sys
import otel_trading
failed = []
for name in sys.argv[1:]:
    if name in sys.modules:
        continue
    if os.fork() == 0:
        importlib.import_module(name)
        os._exit(0)
    if os.wait()[1]:
        failed.append(name)
sys.exit(" ".join(failed) or None)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_every_module_imports_on_its_own():
    """Each in a new process after the package, so that no module relies on an import of another."""
    names = [name for name in MODULES if "_entry_points" not in name]
    subprocess.run([sys.executable, "-W", "error", "-c", ALONE, *names], check=True)


def test_promql_and_objectives_do_not_import_each_other():
    """The linter's PromQL and the objectives share `rule_file` and `documents` only."""
    rules = f"{PACKAGE}.ops.rules"
    shared = {rules, f"{rules}.documents", f"{rules}.rule_file"}
    for room_name in ("promql", "objectives"):
        own = f"{rules}.{room_name}"
        names = {
            name for module, path in MODULES.items() if module.startswith(own) for name in imported(path)
        }
        others = {name for name in names if name.startswith(f"{PACKAGE}.ops") and not name.startswith(own)}
        assert others <= shared
