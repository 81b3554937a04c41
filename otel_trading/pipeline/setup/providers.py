"""The providers: OpenTelemetry's three, ours or somebody else's, and everything behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar
from weakref import WeakSet

from opentelemetry import _logs as logs_api
from opentelemetry import metrics as metrics_api
from opentelemetry import trace as trace_api
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio

from otel_trading import tracing
from otel_trading._guard import guard, warn
from otel_trading.pipeline.clean.items import clean_record, clean_span
from otel_trading.pipeline.clean.record_copy import Record
from otel_trading.pipeline.collect.batch_queue import BatchQueue
from otel_trading.pipeline.collect.interval_reader import IntervalReader
from otel_trading.pipeline.collect.isolated_callbacks import isolate
from otel_trading.pipeline.collect.journal import AuditJournal, JournaledAudit
from otel_trading.pipeline.collect.lanes import QueueBounds
from otel_trading.pipeline.collect.open_spans import end_open_spans
from otel_trading.pipeline.collect.processors import BatchedLogs, BatchedSpans, JsonLines
from otel_trading.pipeline.deliver.account import ExportAccount
from otel_trading.pipeline.deliver.deadline import Job, left, together
from otel_trading.pipeline.setup import exporters
from otel_trading.pipeline.setup.settings import Settings

if TYPE_CHECKING:
    from otel_trading.pipeline.deliver.prometheus import Exposition

T = TypeVar("T")

OURS: Final = "ours"
FOREIGN: Final = "foreign"
FILE: Final = "file"
NONE: Final = "none"

_SDK: Final[dict[str, type[Any]]] = {
    "traces": TracerProvider,
    "metrics": MeterProvider,
    "logs": LoggerProvider,
}
_GLOBAL: Final[dict[str, Callable[[], Any]]] = {
    "traces": trace_api.get_tracer_provider,
    "metrics": metrics_api.get_meter_provider,
    "logs": logs_api.get_logger_provider,
}
_SET_GLOBAL: Final[dict[str, Callable[[Any], None]]] = {
    "traces": trace_api.set_tracer_provider,
    "metrics": metrics_api.set_meter_provider,
    "logs": logs_api.set_logger_provider,
}

_built: WeakSet[Any] = WeakSet()
"""Every provider this package built, so that a later `configure` does not take one for somebody else's."""


def set_by_others(signal: str) -> Any:
    """Return the SDK provider that is global for a signal and was not built here, or None."""
    provider = _GLOBAL[signal]()
    return None if provider in _built or not isinstance(provider, _SDK[signal]) else provider


@dataclass
class Providers:
    """One provider per signal, with the queues and routes behind those that are ours.

    Attributes:
        by_signal: The providers.
        owners: Per signal "ours", "file", "foreign" or "none".
        routes: What the account of each way out says.
        exposition: The server of `/metrics`, if there is one.
    """

    by_signal: dict[str, Any] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    routes: list[ExportAccount] = field(default_factory=list)
    exposition: Exposition | None = None
    _journal: AuditJournal | None = None
    _queues: list[BatchQueue[Any]] = field(default_factory=list)
    _readers: list[IntervalReader] = field(default_factory=list)

    @property
    def service(self) -> str:
        """The name of the service, as the resource of the first provider says it."""
        for provider in self.by_signal.values():
            if (resource := getattr(provider, "resource", None)) is not None:
                return str(resource.attributes.get(SERVICE_NAME, ""))
        return ""

    def adopt(self, signal: str, provider: Any, owner: str) -> None:
        """Use a provider that is there already."""
        self.by_signal[signal] = provider
        self.owners[signal] = owner

    def build(self, signal: str, settings: Settings, resource: Resource) -> None:
        """Build our provider of one signal.

        Args:
            signal: "traces", "metrics" or "logs".
            settings: The settings in force.
            resource: What the provider's telemetry speaks of.

        Raises:
            ConfigurationError: The port of `/metrics` is taken.
        """
        if signal == "traces":
            provider: Any = self._tracer_provider(settings, resource)
        elif signal == "metrics":
            provider = self._meter_provider(settings, resource)
        else:
            provider = self._logger_provider(settings, resource)
        _built.add(provider)
        self.adopt(signal, provider, OURS)

    def make_global(self, signal: str) -> None:
        """Make our provider OpenTelemetry's global one, so that other libraries use it."""
        if isinstance(_GLOBAL[signal](), _SDK[signal]):
            warn(
                "global providers",
                "otel_trading: OpenTelemetry keeps the global providers of the first configure(); what other "
                "libraries record after a second one is not exported",
            )
        else:
            _SET_GLOBAL[signal](self.by_signal[signal])

    def write_json(self) -> None:
        """Have every log record written to stdout as a line of JSON."""
        provider = self.by_signal.get("logs")
        if provider is not None:
            provider.add_log_record_processor(
                JsonLines(exporters.json_exporter(), self._route("logs", "stdout"))
            )

    @contextmanager
    def let_go(self) -> Iterator[None]:
        """Let other threads close what a signal interrupted this one in."""
        with ExitStack() as stack:
            for queue in self._queues:
                stack.enter_context(queue.let_go())
            yield

    def count(self) -> None:
        """Have the accounts tell of everything that was recorded so far."""
        for queue in self._queues:
            queue.admit()

    def flush(self, deadline: float) -> bool:
        """Export what was recorded so far; returns whether all of it was delivered by the deadline."""
        jobs: list[Job] = [queue.flush for queue in self._queues]
        jobs += [reader.export_now for reader in self._readers]
        for signal, provider in self.by_signal.items():
            if self.owners[signal] != OURS:  # behind ours are the queues and the readers
                jobs.append(partial(_flush, provider))
        with self.let_go():
            return together(jobs, deadline)

    def close(self, deadline: float) -> bool:
        """Export what is there and stop what is ours; call it on a thread that may be abandoned.

        It starts no thread of its own, since that is impossible while the interpreter exits.
        """
        self._end_open_spans()
        tracing.flush(left(deadline))
        for queue in self._queues:
            queue.begin_close()
        done = [self._close_provider(signal, deadline) for signal in self.by_signal]
        done += [queue.close(deadline) for queue in self._queues]
        if self.exposition is not None:
            self.exposition.stop()
        if self._journal is not None:
            self._journal.close()
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
            done = [reader.close(deadline) for reader in self._readers]
            with guard("shutdown of the meter provider"):
                provider.shutdown()
            return all(done)
        return left(deadline) > 0

    def _route(self, signal: str, exporter: str) -> ExportAccount:
        route = ExportAccount(signal, exporter)
        self.routes.append(route)
        return route

    def _tracer_provider(self, settings: Settings, resource: Resource) -> TracerProvider:
        ratio = settings.sample_ratio
        sampler = None if ratio is None else ParentBasedTraceIdRatio(ratio)
        provider = TracerProvider(sampler, resource, shutdown_on_exit=False)
        bounds = QueueBounds(
            settings.span_queue_size,
            settings.queue_bytes,
            settings.span_batch_size,
            settings.span_delay,
            settings.export_timeout,
        )
        for name in settings.exporters_of("traces"):
            provider.add_span_processor(
                BatchedSpans(self._queue("traces", name, settings, bounds, clean_span))
            )
        return provider

    def _logger_provider(self, settings: Settings, resource: Resource) -> LoggerProvider:
        provider = LoggerProvider(resource, shutdown_on_exit=False)
        if settings.journal is not None:
            self._journal = AuditJournal(settings.journal, settings.journal_fsync, settings.journal_bytes)
        provider.add_log_record_processor(JournaledAudit(self._journal))
        bounds = QueueBounds(
            settings.log_queue_size,
            settings.queue_bytes,
            settings.log_batch_size,
            settings.log_delay,
            settings.export_timeout,
        )
        for name in settings.exporters_of("logs"):
            if name == "console" and settings.json_logs:
                continue  # the lines of JSON are on the console already
            queue: BatchQueue[Record] = self._queue("logs", name, settings, bounds, clean_record)
            provider.add_log_record_processor(BatchedLogs(queue))
        return provider

    def _queue(
        self, signal: str, name: str, settings: Settings, bounds: QueueBounds, prepare: Callable[[T], T]
    ) -> BatchQueue[T]:
        way = exporters.build_exporter(signal, name, settings)
        queue = BatchQueue(self._route(signal, name), prepare, way.send, way.close, bounds)
        self._queues.append(queue)
        return queue

    def _meter_provider(self, settings: Settings, resource: Resource) -> MeterProvider:
        readers = [self._reader(name, settings) for name in settings.exporters_of("metrics")]
        return isolate(MeterProvider(readers, resource, shutdown_on_exit=False))

    def _reader(self, name: str, settings: Settings) -> MetricReader:
        if name == "prometheus":
            from otel_trading.pipeline.deliver.prometheus import Exposition  # noqa: PLC0415 - imports the exporter

            self.exposition = Exposition(settings.prometheus_host, settings.prometheus_port)
            return self.exposition.reader
        reader = IntervalReader(
            self._route("metrics", name),
            exporters.build_exporter("metrics", name, settings),
            exporters.TEMPORALITIES[settings.temporality],
            settings.export_interval,
            settings.export_timeout,
        )
        self._readers.append(reader)
        return reader


def _flush(provider: Any, deadline: float) -> bool:
    try:
        return bool(provider.force_flush(int(left(deadline) * 1000)))
    except Exception:  # noqa: BLE001 - the SDK raises its own timeouts
        return False
