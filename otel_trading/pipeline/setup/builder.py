"""Builder: builds our providers, each with its exporters, workers and readers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio

from otel_trading.pipeline.clean.items import clean_record, clean_span
from otel_trading.pipeline.clean.record_copy import Record
from otel_trading.pipeline.collect.batch_worker import BatchWorker
from otel_trading.pipeline.collect.interval_reader import IntervalReader
from otel_trading.pipeline.collect.isolated_callbacks import isolate
from otel_trading.pipeline.collect.journal import AuditJournal, JournaledAudit
from otel_trading.pipeline.collect.lanes import QueueBounds
from otel_trading.pipeline.collect.processors import BatchedLogs, BatchedSpans, JsonLines
from otel_trading.pipeline.setup import exporters
from otel_trading.pipeline.setup.providers import OURS, Providers
from otel_trading.pipeline.setup.settings import Settings

T = TypeVar("T")


class Builder:
    """Builds one provider per signal.

    Args:
        providers: Owns everything that is built.
        settings: The settings in force.
        resource: The resource of all telemetry.
    """

    def __init__(self, providers: Providers, settings: Settings, resource: Resource) -> None:
        self._providers = providers
        self._settings = settings
        self._resource = resource

    def build(self, signal: str) -> None:
        """Build the provider of one of `SIGNALS`.

        Raises:
            ConfigurationError: The port of `/metrics` is taken, or a certificate cannot be used.
        """
        if signal == "traces":
            self._providers.add(signal, self._tracer_provider(), OURS)
        elif signal == "metrics":
            self._providers.add(signal, self._meter_provider(), OURS)
        else:
            self._providers.add(signal, self._logger_provider(), OURS)

    def _tracer_provider(self) -> TracerProvider:
        settings = self._settings
        ratio = settings.sample_ratio
        sampler = None if ratio is None else ParentBasedTraceIdRatio(ratio)
        provider = TracerProvider(sampler, self._resource, shutdown_on_exit=False)
        bounds = self._bounds(settings.span_queue_size, settings.span_batch_size, settings.span_delay)
        for name in settings.exporters_of("traces"):
            provider.add_span_processor(BatchedSpans(self._worker("traces", name, bounds, clean_span)))
        return provider

    def _logger_provider(self) -> LoggerProvider:
        settings = self._settings
        provider = LoggerProvider(self._resource, shutdown_on_exit=False)
        if settings.journal is not None:
            journal = AuditJournal(settings.journal, settings.journal_fsync, settings.journal_bytes)
            self._providers.journal = journal
        # First of all processors: it gives each audit event the id that every exporter must export.
        provider.add_log_record_processor(JournaledAudit(self._providers.journal))
        bounds = self._bounds(settings.log_queue_size, settings.log_batch_size, settings.log_delay)
        for name in settings.exporters_of("logs"):
            if name == "console" and settings.json_logs:
                continue  # `JsonLines` writes the same records to the console
            worker: BatchWorker[Record] = self._worker("logs", name, bounds, clean_record)
            provider.add_log_record_processor(BatchedLogs(worker))
        return provider

    def _meter_provider(self) -> MeterProvider:
        readers = [self._reader(name) for name in self._settings.exporters_of("metrics")]
        return isolate(MeterProvider(readers, self._resource, shutdown_on_exit=False))

    def _bounds(self, size: int, batch: int, delay: float) -> QueueBounds:
        return QueueBounds(size, self._settings.queue_bytes, batch, delay, self._settings.export_timeout)

    def _worker(self, signal: str, name: str, bounds: QueueBounds, clean: Callable[[T], T]) -> BatchWorker[T]:
        exporter = exporters.build_exporter(signal, name, self._settings)
        route = self._providers.open_route(signal, name)
        worker = BatchWorker(route, clean, exporter.send, exporter.close, bounds)
        self._providers.workers.append(worker)
        return worker

    def _reader(self, name: str) -> MetricReader:
        settings = self._settings
        if name == "prometheus":
            from otel_trading.pipeline.deliver.prometheus import Exposition  # noqa: PLC0415 - imports the exporter

            self._providers.exposition = Exposition(settings.prometheus_host, settings.prometheus_port)
            return self._providers.exposition.reader
        reader = IntervalReader(
            self._providers.open_route("metrics", name),
            exporters.build_exporter("metrics", name, settings),
            exporters.TEMPORALITIES[settings.temporality],
            settings.export_interval,
            settings.export_timeout,
        )
        self._providers.readers.append(reader)
        return reader


def write_json_lines(providers: Providers) -> None:
    """Write every log record to stdout as a line of JSON, through the logger provider in use."""
    route = providers.open_route("logs", "stdout")
    processor = JsonLines(exporters.json_exporter(), route)
    providers.by_signal["logs"].add_log_record_processor(processor)
