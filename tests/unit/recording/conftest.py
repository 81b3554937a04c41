"""A metric of each kind, and a provider to attach."""

from __future__ import annotations

import sysconfig
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.metrics.view import View

from otel_trading import recording
from otel_trading.recording import form
from otel_trading.semconv.definitions import Label, Metric

FEED = Label("feed_name", "trading.feed.name", None, required=True)
TYPE = Label(
    "message_type",
    "trading.market_data.message.type",
    frozenset({"quote", "trade", "_OTHER"}),
    required=False,
)
STATE = Label("state", "trading.connection.state", frozenset({"connected", "idle", "_OTHER"}), required=True)


def definition(kind: str, *labels: Label, boundaries: tuple[float, ...] | None = None) -> Metric:
    return Metric(
        f"trading.test.{kind}", kind, "s", "A test.", labels, "all", "x", boundaries, None, headline=False
    )


def histogram(*labels: Label, boundaries: tuple[float, ...] = (1.0, 5.0, 10.0)) -> recording.HistogramMetric:
    return recording.HistogramMetric(definition("histogram", *labels, boundaries=boundaries))


def counter(*labels: Label) -> recording.CounterMetric:
    return recording.CounterMetric(definition("counter", *labels))


def level(*labels: Label) -> recording.UpDownCounterMetric:
    return recording.UpDownCounterMetric(definition("updowncounter", *labels))


def gauge(*labels: Label) -> recording.GaugeMetric:
    return recording.GaugeMetric(definition("gauge", *labels))


class Attached:
    """A provider that recording is attached to, with readers in memory."""

    def __init__(self, views: Sequence[View] = (), readers: int = 1, **reader: Any) -> None:
        self.readers = [InMemoryMetricReader(**reader) for _ in range(readers)]
        self.provider = MeterProvider(self.readers, views=views, shutdown_on_exit=False)
        recording.attach(self.provider, "test")

    def points(self, reader: int = 0) -> dict[str, list[Any]]:
        """Collect once: data points by metric name."""
        data = self.readers[reader].get_metrics_data()
        scopes = [s for r in (data.resource_metrics if data else ()) for s in r.scope_metrics]
        return {m.name: list(m.data.data_points) for scope in scopes for m in scope.metrics}

    def values(self, reader: int = 0) -> dict[str, dict[tuple[Any, ...], Any]]:
        """Collect once: value (or count) by metric name and attribute values."""
        return {
            name: {
                tuple(point.attributes.values()): point.count if hasattr(point, "count") else point.value
                for point in points
            }
            for name, points in self.points(reader).items()
        }


FORMS = {
    f"{name}{', no GIL' if free_threaded else ''}": (name, free_threaded)
    for free_threaded in (False, True)
    for name in (form.PURE, form.COMPILED)
}


@pytest.fixture(autouse=True, params=FORMS.values(), ids=FORMS.keys())
def cells(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> form.Cells:
    """Every test of this folder runs on the cells of each form."""
    name, free_threaded = request.param
    if not free_threaded and sysconfig.get_config_var("Py_GIL_DISABLED"):
        pytest.skip("these cells need a GIL, which this interpreter does not have")
    try:
        made = form.cells_of(name, free_threaded=free_threaded)
    except ModuleNotFoundError:
        pytest.skip("the cells are not compiled: no C compiler, or OTEL_TRADING_BUILD=pure, at install time")
    monkeypatch.setattr(form, "CELLS", made)
    monkeypatch.setattr(recording.HistogramMetric, "_make", staticmethod(made.histogram))
    monkeypatch.setattr(recording.CounterMetric, "_make", staticmethod(made.counter))
    monkeypatch.setattr(recording.UpDownCounterMetric, "_make", staticmethod(made.up_down_counter))
    monkeypatch.setattr(recording.GaugeMetric, "_make", staticmethod(made.gauge))
    return made


@pytest.fixture(autouse=True)
def _no_metrics_of_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("otel_trading.recording.handles._metrics", [])
    monkeypatch.setattr("otel_trading.recording.routing._callbacks", [])


@pytest.fixture
def attach() -> Callable[..., Attached]:
    return Attached
