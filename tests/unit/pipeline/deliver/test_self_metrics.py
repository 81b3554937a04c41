"""The account as metrics, under a meter provider that outlives a configuration."""

from __future__ import annotations

import os

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from otel_trading.pipeline.deliver.account import ExportAccount
from otel_trading.pipeline.deliver.self_metrics import observe


class Theirs:
    """A meter provider of somebody else."""

    def __init__(self) -> None:
        self._reader = InMemoryMetricReader()
        self.provider = MeterProvider([self._reader])

    def exported(self) -> dict[tuple[str, ...], float]:
        """Return what is reported, by signal, exporter and, where something was lost, the reason."""
        data = self._reader.get_metrics_data()
        metrics = [m for r in data.resource_metrics for s in r.scope_metrics for m in s.metrics]
        return {
            (metric.name.split(".")[3], *map(str, point.attributes.values())): point.value
            for metric in metrics
            for point in metric.data.data_points
        }


def lost(signal: str, count: int) -> ExportAccount:
    route = ExportAccount(signal, "otlp")
    route.produce(count)
    route.drop(count, "queue_full")
    return route


def test_a_second_account_goes_on_from_where_the_first_was():
    theirs = Theirs()
    first = lost("traces", 3)
    observe([first], theirs.provider, "1")
    assert theirs.exported() == {("span", "otlp"): 0, ("span", "otlp", "queue_full"): 3}
    first.drop(1, "shutdown_timeout")
    observe([lost("traces", 5), lost("logs", 2)], theirs.provider, "1")
    first.drop(7, "queue_full")  # closed, and none of the second account
    assert theirs.exported() == {
        ("span", "otlp"): 0,
        ("span", "otlp", "queue_full"): 8,
        ("span", "otlp", "shutdown_timeout"): 1,
        ("log", "otlp"): 0,
        ("log", "otlp", "queue_full"): 2,
    }


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_reports_none_of_its_parents_accounts():
    theirs = Theirs()
    observe([lost("traces", 3)], theirs.provider, "1")
    second = lost("traces", 5)
    observe([second], theirs.provider, "1")
    pid = os.fork()
    if pid == 0:
        second.reset()  # as the queue of a forked child does
        os._exit(int(sum(theirs.exported().values())))
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert theirs.exported()["span", "otlp", "queue_full"] == 8
