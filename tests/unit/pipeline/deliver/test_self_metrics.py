"""Self-metrics: the export accounts as metrics of a meter provider that outlives a configuration."""

from __future__ import annotations

import os

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from otel_trading.pipeline.deliver.account import ExportAccount
from otel_trading.pipeline.deliver.self_metrics import observe


class Foreign:
    """A meter provider of another library."""

    def __init__(self) -> None:
        self._reader = InMemoryMetricReader()
        self.provider = MeterProvider([self._reader])

    def exported(self) -> dict[tuple[str, ...], float]:
        """Return the reported numbers by signal, exporter and, for lost items, the reason."""
        data = self._reader.get_metrics_data()
        metrics = [m for r in data.resource_metrics for s in r.scope_metrics for m in s.metrics]
        return {
            (metric.name.split(".")[3], *map(str, point.attributes.values())): point.value
            for metric in metrics
            for point in metric.data.data_points
        }


def lost(signal: str, count: int) -> ExportAccount:
    account = ExportAccount(signal, "otlp")
    account.produce(count)
    account.drop(count, "queue_full")
    return account


def test_a_second_account_continues_from_the_totals_of_the_first():
    foreign = Foreign()
    first = lost("traces", 3)
    observe([first], foreign.provider, "1")
    assert foreign.exported() == {("span", "otlp"): 0, ("span", "otlp", "queue_full"): 3}
    first.drop(1, "shutdown_timeout")
    observe([lost("traces", 5), lost("logs", 2)], foreign.provider, "1")
    first.drop(7, "queue_full")  # after its replacement, so not reported
    assert foreign.exported() == {
        ("span", "otlp"): 0,
        ("span", "otlp", "queue_full"): 8,
        ("span", "otlp", "shutdown_timeout"): 1,
        ("log", "otlp"): 0,
        ("log", "otlp", "queue_full"): 2,
    }


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_reports_none_of_its_parents_numbers():
    foreign = Foreign()
    observe([lost("traces", 3)], foreign.provider, "1")
    second = lost("traces", 5)
    observe([second], foreign.provider, "1")
    pid = os.fork()
    if pid == 0:
        second.reset()  # as the queue of a forked child does
        os._exit(int(sum(foreign.exported().values())))
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert foreign.exported()["span", "otlp", "queue_full"] == 8
