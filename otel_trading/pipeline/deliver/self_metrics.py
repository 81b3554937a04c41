"""The account as metrics: what was exported and what was lost, under OpenTelemetry's own names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final
from weakref import WeakKeyDictionary

from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation
from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE

from otel_trading import recording
from otel_trading._forking import at_fork
from otel_trading.pipeline.deliver.account import ExportAccount

_COMPONENT: Final = "otel.component.name"
_EXPORTED: Final = {
    "traces": ("otel.sdk.exporter.span.exported", "{span}"),
    "logs": ("otel.sdk.exporter.log.exported", "{log_record}"),
    "metrics": ("otel.sdk.exporter.metric_data_point.exported", "{data_point}"),
}

_Totals = Counter[tuple[str, str, str | None]]
"""Items by signal, exporter, and the reason why they were lost, None for those that were delivered."""


class _Reports:
    """What one meter provider reports: the accounts of now, added to those of earlier configurations.

    A provider keeps its reports for life, since it takes the callbacks of an observable instrument once.

    Args:
        provider: Whose exporters export the numbers.
        version: The version of this package.
    """

    def __init__(self, provider: MeterProvider, version: str) -> None:
        self._meter = provider.get_meter(recording.SCOPE, version)
        self._observed: set[str] = set()
        self._accounts: tuple[_Totals, Sequence[ExportAccount]] = Counter(), ()
        at_fork(in_child=self._forget_earlier)

    def _forget_earlier(self) -> None:
        """Leave to the parent what is its own; the routes begin anew by themselves."""
        self._accounts = Counter(), self._accounts[1]

    def go_on_with(self, routes: Sequence[ExportAccount]) -> None:
        """Report these accounts from now on."""
        self._accounts = self._totals(), routes  # as one, since a collection may come at any time
        for signal in {route.signal for route in routes} - self._observed:
            self._observed.add(signal)
            name, unit = _EXPORTED[signal]
            self._meter.create_observable_counter(
                name,
                [partial(self._read, signal)],
                unit,
                "What an exporter delivered, or lost for the error it names.",
            )

    def _read(self, signal: str, options: CallbackOptions) -> Iterator[Observation]:  # noqa: ARG002 - the API's
        for (of, exporter, reason), count in self._totals().items():
            if of == signal:
                error = {} if reason is None else {ERROR_TYPE: reason}
                yield Observation(count, {_COMPONENT: exporter, **error})

    def _totals(self) -> _Totals:
        earlier, routes = self._accounts
        totals = earlier.copy()
        for route in routes:
            health = route.health()
            totals[route.signal, route.exporter, None] += health.delivered
            for reason, count in health.dropped.items():
                totals[route.signal, route.exporter, reason] += count
        return totals


_reports: WeakKeyDictionary[MeterProvider, _Reports] = WeakKeyDictionary()


def observe(routes: Sequence[ExportAccount], provider: MeterProvider, version: str) -> None:
    """Have a meter provider report what became of what was produced.

    One that reported earlier accounts goes on from where they were.

    Args:
        routes: The accounts.
        provider: Whose exporters export the numbers.
        version: The version of this package.
    """
    recording.kept_for(provider, _reports, partial(_Reports, provider, version)).go_on_with(routes)
