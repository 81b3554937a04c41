"""Self-metrics: the exported and the lost items of each exporter, under OpenTelemetry's own metric names.

https://opentelemetry.io/docs/specs/semconv/otel/sdk-metrics/
"""

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
"""Numbers of items by signal, exporter, and reason of the loss; the reason is None for delivered items."""


class _Reports:
    """The reports of one meter provider: the current accounts, plus the totals of earlier configurations.

    The reports live as long as the provider, since an observable instrument accepts callbacks only once.

    Args:
        provider: Its exporters export the numbers.
        version: The version of this package.
    """

    def __init__(self, provider: MeterProvider, version: str) -> None:
        self._meter = provider.get_meter(recording.SCOPE, version)
        self._observed: set[str] = set()
        self._accounts: tuple[_Totals, Sequence[ExportAccount]] = Counter(), ()
        at_fork(in_child=self._forget_earlier)

    def _forget_earlier(self) -> None:
        """Forget earlier totals in a forked child: the parent reports them. The accounts reset themselves."""
        self._accounts = Counter(), self._accounts[1]

    def replace_accounts(self, accounts: Sequence[ExportAccount]) -> None:
        """Report these accounts from now on, in addition to the totals so far."""
        self._accounts = self._totals(), accounts  # in one assignment: a collection may run at any time
        for signal in {account.signal for account in accounts} - self._observed:
            self._observed.add(signal)
            name, unit = _EXPORTED[signal]
            self._meter.create_observable_counter(
                name,
                [partial(self._read, signal)],
                unit,
                "Items that an exporter delivered, or lost with the reason in error.type.",
            )

    def _read(self, signal: str, options: CallbackOptions) -> Iterator[Observation]:  # noqa: ARG002 - the API's signature
        for (of_signal, exporter, reason), count in self._totals().items():
            if of_signal == signal:
                error = {} if reason is None else {ERROR_TYPE: reason}
                yield Observation(count, {_COMPONENT: exporter, **error})

    def _totals(self) -> _Totals:
        earlier, accounts = self._accounts
        totals = earlier.copy()
        for account in accounts:
            health = account.health()
            totals[account.signal, account.exporter, None] += health.delivered
            for reason, count in health.dropped.items():
                totals[account.signal, account.exporter, reason] += count
        return totals


_reports: WeakKeyDictionary[MeterProvider, _Reports] = WeakKeyDictionary()


def observe(accounts: Sequence[ExportAccount], provider: MeterProvider, version: str) -> None:
    """Report export accounts as metrics of a meter provider.

    A provider that reported earlier accounts adds the new counts to the earlier totals.

    Args:
        accounts: One per signal and exporter.
        provider: Its exporters export the numbers.
        version: The version of this package.
    """
    recording.kept_for(provider, _reports, partial(_Reports, provider, version)).replace_accounts(accounts)
