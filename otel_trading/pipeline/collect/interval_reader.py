"""The reader: collects all metrics every few seconds and exports them, on a thread that nothing ends."""

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
from otel_trading.pipeline.collect.fork_baseline import Baseline, add_own
from otel_trading.pipeline.collect.fork_carry_over import Carried
from otel_trading.pipeline.deliver import threads
from otel_trading.pipeline.deliver.account import ExportAccount
from otel_trading.pipeline.deliver.deadline import left
from otel_trading.pipeline.deliver.encoding import METRICS, metrics_of
from otel_trading.pipeline.deliver.sender import Exporter, Outcome


class IntervalReader(MetricReader):
    """Collects and exports at an interval, at a flush, and once more at the end.

    The SDK's own periodic reader dies of a callback that raises `SystemExit`, answers True to a flush that
    delivered nothing, and in a forked child exports what its parent had counted a second time.

    Args:
        route: The account.
        way: Where the metrics go.
        temporality: Per kind of instrument, what its sums count from.
        interval: Seconds between two exports.
        timeout: Seconds that one may take.
    """

    def __init__(
        self,
        route: ExportAccount,
        way: Exporter,
        temporality: dict[type, Any],
        interval: float,
        timeout: float,
    ) -> None:
        super().__init__(preferred_temporality=temporality)
        self._route = route
        self._way = way
        self._interval = interval
        self._timeout = timeout
        self._baseline = Baseline()
        self._own: Counter[Hashable] = Counter()
        self._collected: MetricsData | None = None
        self._start()
        at_fork(before=self._before_fork, in_parent=self._in_parent, in_child=self._after_fork)

    def _start(self) -> None:
        self._ends = Event()
        self._sending, self._given_up, self._delivered = 0, False, False
        self._carried = Carried()
        self._collecting, self._exporting, self._booking = Lock(), Lock(), Lock()
        self._thread = threads.start(
            self._work, "otel-trading-metrics", "metrics are exported at a flush only"
        )

    def _work(self) -> None:
        with suppress_instrumentation():
            while not self._ends.wait(self._interval):
                with guard("an export of metrics"):
                    self.export_now(time.monotonic() + self._timeout)

    def export_now(self, deadline: float) -> bool:
        """Collect and export; never raises.

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
        """Return what this process counted, what was collected at a fork included."""
        if not self._collecting.acquire(timeout=left(deadline)):
            return None
        try:
            collected = self._collect_alone(deadline)
            if collected is None:
                return None
            return self._carried.give(self._baseline.without(collected))
        finally:
            self._collecting.release()

    def _collect_alone(self, deadline: float) -> MetricsData | None:
        """Collect, while no other collection can run."""
        self._collected = MetricsData([])
        try:
            self.collect(timeout_millis=left(deadline) * 1000)
        except BaseException as error:  # noqa: BLE001 - a callback is anybody's code, and may say SystemExit
            name = type(error).__name__
            _losses.add("metrics", "collection_failed")
            warn("collection", "otel_trading: a collection of metrics failed: %s: %s", name, error)
            return None
        add_own(self._own, self._collected)
        return self._collected

    def _receive_metrics(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **_: Any) -> None:  # noqa: ARG002 - the SDK's signature
        self._collected = metrics_data

    def _export(self, collected: MetricsData, deadline: float) -> bool:
        if not self._begin(count_points(collected)):
            return False
        try:
            outcome = self._way.send(metrics_of(redact_metrics(collected)), deadline)
        except BaseException as error:  # noqa: BLE001 - an exporter is foreign code, and may say SystemExit
            outcome = Outcome(again=metrics_of(collected), why=f"{type(error).__name__}: {error}")
        undelivered = sum(map(METRICS.count, outcome.again))
        if undelivered:  # the next collection says it again, and what is cumulative loses nothing
            outcome.dropped["export_failed"] += undelivered
            outcome.again.clear()
        with self._booking:
            if not self._given_up:  # else it was counted
                self._sending = 0
                self._route.book(outcome)
        self._route.say(outcome)
        return not outcome.dropped

    def _begin(self, count: int) -> bool:
        """Book what is about to be sent; nothing is, once the reader is closed."""
        with self._booking:
            if not self._given_up:
                self._sending = count
                self._route.produce(count)
            return not self._given_up

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        """Collect and export; returns whether everything was delivered in time."""
        return self.export_now(time.monotonic() + timeout_millis / 1000)

    def close(self, deadline: float) -> bool:
        """Collect and export once more, and stop; returns whether everything was delivered in time.

        A second call does nothing, and says what the first said.
        """
        if self._ends.is_set():
            return self._delivered
        self._ends.set()
        self._delivered = self.export_now(deadline)
        with self._booking:
            self._given_up = True  # an export that goes on is waited for by nobody
            self._route.drop(self._sending, "shutdown_timeout")
        self._way.close()
        return self._delivered

    def shutdown(self, timeout_millis: float = 30_000, **_: Any) -> None:
        """Do the same, when the SDK says so."""
        self.close(time.monotonic() + timeout_millis / 1000)

    def _before_fork(self) -> None:
        """Note what was counted so far, and hold off every other collection until the child is there."""
        self._holds, self._at_fork = False, None
        if self._ends.is_set():  # closed: nothing is sent any more, on either side
            return
        deadline = time.monotonic() + self._timeout  # without it, the child would say its parent's sums again
        self._holds = self._collecting.acquire(timeout=left(deadline))
        self._at_fork = self._collect_alone(deadline) if self._holds else None

    def _in_parent(self) -> None:
        """Keep what was collected and no later collection says again, for the next export."""
        if self._at_fork is not None:
            self._carried.add(self._baseline.without(self._at_fork))
        if self._holds:
            self._collecting.release()

    def _after_fork(self) -> None:
        """Begin anew in a forked child: what was counted so far is its parent's."""
        self._route.reset()
        if self._ends.is_set():
            self._given_up = True
            return
        self._baseline = Baseline(self._at_fork, self._own)
        self._start()
