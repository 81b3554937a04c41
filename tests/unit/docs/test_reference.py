"""The reference has every public name, method, metric, span, event and setting."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest
import yaml

import otel_trading
from otel_trading import errors, metrics, propagation, testing
from otel_trading.pipeline.setup.settings import SETTINGS
from otel_trading.semconv import ALL_METRICS
from tests.support.pages import DOCS

SHOWN = re.findall(r"^::: (\S+)$", (DOCS / "reference/api.md").read_text(encoding="utf-8"), re.MULTILINE)
PUBLIC = {name: getattr(otel_trading, name) for name in otel_trading.__all__}
CLASSES = [name for name, thing in PUBLIC.items() if inspect.isclass(thing)]
ERRORS = [name for name in CLASSES if issubclass(PUBLIC[name], errors.OtelTradingError)]
REGISTRY = [
    yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(DOCS.parent.glob("registry/*.yaml"))
]
CODE = "\n".join(
    block
    for path in sorted(DOCS.rglob("*.md"))
    for block in re.findall(
        r"^```python[^\n]*\n(.*?)^```", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
)


def page(name: str) -> str:
    return (DOCS / "reference" / name).read_text(encoding="utf-8")


def members(thing: object) -> list[tuple[str, Any]]:
    return [
        (name, member)
        for name, member in inspect.getmembers(thing)
        if not name.startswith("_") and (inspect.isroutine(member) or isinstance(member, property))
    ]


@pytest.mark.parametrize("name", sorted(set(PUBLIC) - set(ERRORS)))
def test_a_public_name_is_shown_on_the_page_of_the_api(name):
    assert f"otel_trading.{name}" in SHOWN


@pytest.mark.parametrize("name", ERRORS)
def test_a_public_error_is_shown_on_the_page_of_the_errors(name):
    assert "::: otel_trading.errors" in page("errors.md")
    assert PUBLIC[name].__module__ == "otel_trading.errors"
    assert name in str(errors.__doc__)


@pytest.mark.parametrize("name", sorted(set(CLASSES) - set(ERRORS)))
def test_every_member_of_a_public_class_has_a_docstring_for_its_page(name):
    assert [member for member, thing in members(PUBLIC[name]) if not inspect.getdoc(thing)] == []


@pytest.mark.parametrize("module", [propagation, testing], ids=lambda module: module.__name__)
def test_every_name_of_a_public_module_is_described_and_the_module_is_shown(module):
    assert any(shown.startswith(module.__name__) for shown in SHOWN)
    assert [name for name in module.__all__ if not inspect.getdoc(getattr(module, name))] == []


@pytest.mark.parametrize("name", sorted(set(PUBLIC) - {*ERRORS, "Telemetry"}))
def test_every_public_name_is_in_an_example_that_runs(name):
    assert re.search(rf"\bot\.{name}\b", CODE)


@pytest.mark.parametrize("metric", ALL_METRICS, ids=lambda metric: metric.name)
def test_a_metric_is_on_its_page_with_its_bind_call_and_its_name_in_prometheus(metric):
    (part,) = (part for part in page("metrics.md").split("\n### ")[1:] if part.startswith(f"`{metric.name}`"))
    (name,) = (name for name in metrics.__all__ if getattr(metrics, name).definition is metric)
    assert f"metrics.{name}.bind(" in part
    assert f"`{metric.prometheus}" in part


@pytest.mark.parametrize("kind", ["spans", "events"])
def test_the_spans_and_events_of_the_registry_are_on_their_page(kind):
    key = {"spans": "type", "events": "name"}[kind]
    named = [one[key] for domain in REGISTRY for one in domain.get(kind, [])]
    assert named
    assert [name for name in named if f"| `{name}` |" not in page("events.md")] == []


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_a_setting_is_on_its_page_with_its_variable(setting):
    assert f"| `{setting.name}` | `{setting.variable}`" in page("settings.md")
