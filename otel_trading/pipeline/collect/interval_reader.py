"""Interval reader: collects and exports all metrics every few seconds, on a thread that no exception ends."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Hashable
from threading import Event, Lock
from typing import Any

from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.metrics.export import MetricReader, MetricsData

from otel_trading import _losses
from otel_trading._forking import at_fork
from otel_trading._guard import guard, warn
from otel_trading.pipeline.clean.metrics_data import count_points
from otel_trading.pipeline.clean.redact import redact_metrics
from otel_trading.pipeline.collect.fork_baseline import Baseline, add_own_deltas
from otel_trading.pipeline.collect.fork_carry_over import CarryOver
from otel_trading.pipeline.deliver import threads
from otel_trading.pipeline.deliver.account import ExportAccount
from otel_trading.pipeline.deliver.deadline import left
from otel_trading.pipeline.deliver.encoding import METRICS, metrics_of
from otel_trading.pipeline.deliver.sender import Exporter, Outcome
from otel_trading.values.text import error_text


class IntervalReader(MetricReader):
    """Collects and exports metrics at an interval, at a flush, and once more at the end.

    The SDK's own periodic reader ends if a callback raises `SystemExit`, and returns True from a flush that
    delivered nothing. In a forked child it exports the counts of the parent a second time.

    Args:
        account: Counts the data points of this exporter.
        exporter: Exports the metrics.
        temporality: The temporality per class of instrument; cumulative for classes that are missing.
        interval: Seconds between two exports.
        timeout: Seconds that one export may take.
    """

    def __init__(
        self,
        account: ExportAccount,
        exporter: Exporter,
        temporality: dict[type, Any],
        interval: float,
        timeout: float,
    ) -> None:
        super().__init__(preferred_temporality=temporality)
        self._account = account
        self._exporter = exporter
        self._interval = interval
        self._timeout = timeout
        self._baseline = Baseline()
        self._own_totals: Counter[Hashable] = Counter()
        self._collected: MetricsData | None = None
        self._start()
        at_fork(before=self._before_fork, in_parent=self._in_parent, in_child=self._after_fork)

    def _start(self) -> None:
        self._closed = Event()
        self._points_in_export, self._abandoned, self._delivered = 0, False, False
        self._carry_over = CarryOver()
        # Three locks, so that a fork waits for a collection but never for an endpoint that does not answer.
        self._collecting, self._exporting, self._booking = Lock(), Lock(), Lock()
        self._thread = threads.start(
            self._work, "otel-trading-metrics", "metrics are exported at a flush only"
        )

    def _work(self) -> None:
        with suppress_instrumentation():
            while not self._closed.wait(self._interval):
                with guard("export of metrics"):
                    self.export_now(time.monotonic() + self._timeout)

    def export_now(self, deadline: float) -> bool:
        """Collect and export; never raise.

        Args:
            deadline: When to give up, on the clock of `time.monotonic`.

        Returns:
            Whether everything was delivered by then.
        """
        if not self._exporting.acquire(timeout=left(deadline)):
            return False
        try:
            with suppress_instrumentation():
                data = self._collect_now(deadline)
                return data is not None and self._export(data, deadline)
        finally:
            self._exporting.release()

    def _collect_now(self, deadline: float) -> MetricsData | None:
        """Return the counts of this process, including deltas that were collected at a fork."""
        if not self._collecting.acquire(timeout=left(deadline)):
            return None
        try:
            collected = self._collect_alone(deadline)
            if collected is None:
                return None
            return self._carry_over.merge_into(self._baseline.subtract_from(collected))
        finally:
            self._collecting.release()

    def _collect_alone(self, deadline: float) -> MetricsData | None:
        """Collect; the caller has acquired the lock of collections."""
        self._collected = MetricsData([])
        try:
            self.collect(timeout_millis=left(deadline) * 1000)
        except BaseException as error:  # noqa: BLE001 - a callback is foreign code, and may raise SystemExit
            name = type(error).__name__
            _losses.add("metrics", "collection_failed")
            warn("collection", "otel_trading: a collection of metrics failed: %s: %s", name, error)
            return None
        add_own_deltas(self._own_totals, self._collected)
        return self._collected

    def _receive_metrics(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **_: Any) -> None:  # noqa: ARG002 - the SDK's signature
        self._collected = metrics_data

    def _export(self, collected: MetricsData, deadline: float) -> bool:
        if not self._begin_export(count_points(collected)):
            return False
        try:
            outcome = self._exporter.send(metrics_of(redact_metrics(collected)), deadline)
        except BaseException as error:  # noqa: BLE001 - an exporter is foreign code, and may raise SystemExit
            outcome = Outcome(retry=metrics_of(collected), reason=error_text(error))
        undelivered = sum(map(METRICS.count, outcome.retry))
        if undelivered:  # dropped and not retried: the next collection repeats all cumulative points
            outcome.dropped["export_failed"] += undelivered
            outcome.retry.clear()
        with self._booking:
            if not self._abandoned:  # else `close` has counted these points as lost
                self._points_in_export = 0
                self._account.book(outcome)
        self._account.report_failure(outcome)
        return not outcome.dropped

    def _begin_export(self, count: int) -> bool:
        """Count points before their export; return False if the reader is closed and nothing may be sent."""
        with self._booking:
            if not self._abandoned:
                self._points_in_export = count
                self._account.produce(count)
            return not self._abandoned

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        """Collect and export; return whether everything was delivered in time."""
        return self.export_now(time.monotonic() + timeout_millis / 1000)

    def close(self, deadline: float) -> bool:
        """Collect and export once more, and stop.

        A second call does nothing and returns the result of the first.

        Args:
            deadline: When to give up, on the clock of `time.monotonic`.

        Returns:
            Whether everything was delivered by then.
        """
        if self._closed.is_set():
            return self._delivered
        self._closed.set()
        self._delivered = self.export_now(deadline)
        with self._booking:
            self._abandoned = True  # an export that still runs must book nothing when it ends
            self._account.drop(self._points_in_export, "shutdown_timeout")
        self._exporter.close()
        return self._delivered

    def shutdown(self, timeout_millis: float = 30_000, **_: Any) -> None:
        """Collect and export once more, and stop, as the SDK's provider requests."""
        self.close(time.monotonic() + timeout_millis / 1000)

    def _before_fork(self) -> None:
        """Collect the counts that the child has to subtract, and block other collections until the fork."""
        self._has_lock, self._data_at_fork = False, None
        if self._closed.is_set():  # neither parent nor child exports anything
            return
        # If this collection failed, the child would have no baseline and export its parent's sums again.
        deadline = time.monotonic() + self._timeout
        self._has_lock = self._collecting.acquire(timeout=left(deadline))
        self._data_at_fork = self._collect_alone(deadline) if self._has_lock else None

    def _in_parent(self) -> None:
        """Keep the deltas collected at the fork for the next export: no later collection repeats them."""
        if self._data_at_fork is not None:
            self._carry_over.add(self._baseline.subtract_from(self._data_at_fork))
        if self._has_lock:
            self._collecting.release()

    def _after_fork(self) -> None:
        """Start again in a forked child: the parent exports the counts so far."""
        self._account.reset()
        if self._closed.is_set():
            self._abandoned = True
            return
        self._baseline = Baseline(self._data_at_fork, self._own_totals)
        self._start()
