"""Providers: OpenTelemetry's three providers and everything behind them, to flush and close together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.sdk.resources import SERVICE_NAME

from otel_trading import tracing
from otel_trading._guard import guard
from otel_trading.pipeline.collect.batch_worker import BatchWorker
from otel_trading.pipeline.collect.interval_reader import IntervalReader
from otel_trading.pipeline.collect.journal import AuditJournal
from otel_trading.pipeline.collect.open_spans import end_open_spans
from otel_trading.pipeline.deliver.account import ExportAccount
from otel_trading.pipeline.deliver.deadline import Job, left, together

if TYPE_CHECKING:
    from otel_trading.pipeline.deliver.prometheus import Exposition

OURS: Final = "ours"
"""`configure` built the provider."""

FOREIGN: Final = "foreign"
"""Another library set the provider: it is flushed with ours, and that library shuts it down."""

FILE: Final = "file"
"""OpenTelemetry built the provider from the configuration file, for us: it is shut down with ours."""

NONE: Final = "none"
"""The configuration file describes no provider of this signal."""


@dataclass
class Providers:
    """One provider per signal, with the workers, readers and accounts behind our own ones.

    Attributes:
        by_signal: The providers.
        owners: Per signal one of `OURS`, `FILE`, `FOREIGN` and `NONE`.
        routes: The accounts, one per signal and exporter.
        exposition: The server of `/metrics`, if there is one.
        journal: The journal of audit events, if there is one.
        workers: The workers of our span and log processors, each with its queue.
        readers: The readers of our meter provider.
    """

    by_signal: dict[str, Any] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    routes: list[ExportAccount] = field(default_factory=list)
    exposition: Exposition | None = None
    journal: AuditJournal | None = None
    workers: list[BatchWorker[Any]] = field(default_factory=list)
    readers: list[IntervalReader] = field(default_factory=list)

    @property
    def service(self) -> str:
        """The name of the service, from the resource of the first provider that has one."""
        for provider in self.by_signal.values():
            if (resource := getattr(provider, "resource", None)) is not None:
                return str(resource.attributes.get(SERVICE_NAME, ""))
        return ""

    def add(self, signal: str, provider: Any, owner: str) -> None:
        """Add the provider of a signal, and its owner: `OURS`, `FILE` or `FOREIGN`."""
        self.by_signal[signal] = provider
        self.owners[signal] = owner

    def open_route(self, signal: str, exporter: str) -> ExportAccount:
        """Return a new account of the items that one exporter gets of one signal."""
        route = ExportAccount(signal, exporter)
        self.routes.append(route)
        return route

    @contextmanager
    def locks_released(self) -> Iterator[None]:
        """Release the queues' locks that this thread holds, because a signal handler interrupted it there.

        Other threads can then finish the shutdown that this thread waits for.
        """
        with ExitStack() as stack:
            for worker in self.workers:
                stack.enter_context(worker.queue.lock_released())
            yield

    def count(self) -> None:
        """Update the accounts with everything that was recorded so far."""
        for worker in self.workers:
            worker.queue.admit()

    def flush(self, deadline: float) -> bool:
        """Export everything that was recorded so far; return whether that succeeded by the deadline."""
        jobs: list[Job] = [worker.flush for worker in self.workers]
        jobs += [reader.export_now for reader in self.readers]
        for signal, provider in self.by_signal.items():
            if self.owners[signal] != OURS:  # the workers and readers of our own providers are flushed above
                jobs.append(partial(_flush, provider))
        with self.locks_released():
            return together(jobs, deadline)

    def close(self, deadline: float) -> bool:
        """Export everything and stop our own providers; call it on a thread that may be abandoned.

        It starts no thread, since the interpreter refuses new threads at exit:
        https://github.com/python/cpython/issues/104690

        Returns:
            Whether everything was delivered by the deadline.
        """
        self._end_open_spans()
        tracing.flush(left(deadline))
        for worker in self.workers:
            worker.begin_close()
        done = [self._close_provider(signal, deadline) for signal in self.by_signal]
        done += [worker.close(deadline) for worker in self.workers]
        if self.exposition is not None:
            self.exposition.stop()
        if self.journal is not None:
            self.journal.close()
        return all(done)

    def _end_open_spans(self) -> None:
        if self.owners.get("traces") == OURS:
            with guard("end of open spans"):
                end_open_spans(self.by_signal["traces"].resource)

    def _close_provider(self, signal: str, deadline: float) -> bool:
        provider, owner = self.by_signal[signal], self.owners[signal]
        if owner == FOREIGN:
            return _flush(provider, deadline)
        if owner == FILE:
            with guard("shutdown of a provider"):
                provider.shutdown()
        elif signal == "metrics":
            done = [reader.close(deadline) for reader in self.readers]
            with guard("shutdown of the meter provider"):
                provider.shutdown()
            return all(done)
        return left(deadline) > 0


def _flush(provider: Any, deadline: float) -> bool:
    try:
        return bool(provider.force_flush(int(left(deadline) * 1000)))
    except Exception:  # noqa: BLE001 - the SDK raises its own timeouts
        return False
