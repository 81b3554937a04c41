"""The public surface cannot grow by accident."""

from __future__ import annotations

import ast
from pathlib import Path

import otel_trading
from otel_trading import metrics
from otel_trading.semconv import ALL_METRICS

PUBLIC = [
    "Channel",
    "ConfigurationError",
    "Feed",
    "KillSwitch",
    "LabelError",
    "Model",
    "Order",
    "OtelTradingError",
    "Portfolio",
    "RiskGate",
    "Telemetry",
    "Venue",
    "clock_offset",
    "configure",
    "event",
    "extract",
    "heartbeat",
    "inject",
    "monitor_event_loop",
    "span",
    "traced",
]


def test_the_public_names_are_pinned_and_at_most_thirty():
    assert sorted(otel_trading.__all__) == PUBLIC
    assert len(PUBLIC) <= 30


def test_every_public_name_is_there_and_documented():
    assert [n for n in PUBLIC if not getattr(otel_trading, n).__doc__] == []


def test_the_package_defines_nothing_itself():
    tree = ast.parse(Path(otel_trading.__file__).read_text(encoding="utf-8"))
    defined = [n for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef)]
    assert defined == []


def test_metrics_are_the_54_of_the_registry():
    assert len(metrics.__all__) == 54
    assert {getattr(metrics, name).definition.name for name in metrics.__all__} == {
        m.name for m in ALL_METRICS
    }
