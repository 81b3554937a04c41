"""The telemetry of one test: three providers in memory, and the telemetry they received."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any, Final

from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from otel_trading import _losses, semconv
from otel_trading.errors import LabelError, nearest
from otel_trading.pipeline.clean.metrics_data import each_metric
from otel_trading.recording import BoundMetric
from otel_trading.semconv.definitions import Metric
from otel_trading.testing.captured import (
    CapturedHistogram,
    CapturedLog,
    CapturedSpan,
    CountedIds,
    LogCatcher,
    SpanCatcher,
)
from otel_trading.testing.clock import Clock

_SERVICE: Final = "test"


class CapturedTelemetry:
    """The telemetry that a test recorded so far; reading a property again returns its present state.

    Attributes:
        clock: The clock that the package reads during the test.
    """

    def __init__(self) -> None:
        self.clock = Clock()
        self._spans = SpanCatcher(self.clock)
        self._logs = LogCatcher()
        self._reader = InMemoryMetricReader()
        self._kept: dict[str, list[Any]] | None = None
        resource = Resource({SERVICE_NAME: _SERVICE})
        self.tracer_provider = TracerProvider(
            ALWAYS_ON, resource, shutdown_on_exit=False, id_generator=CountedIds()
        )
        self.tracer_provider.add_span_processor(self._spans)
        self.meter_provider = MeterProvider([self._reader], resource, shutdown_on_exit=False)
        self.logger_provider = LoggerProvider(resource, shutdown_on_exit=False)
        self.logger_provider.add_log_record_processor(self._logs)

    @property
    def spans(self) -> list[CapturedSpan]:
        """The spans that ended, in the order they started."""
        return self._spans.captured()

    @property
    def logs(self) -> list[CapturedLog]:
        """The log records and events, in the order they were emitted."""
        return list(self._logs.captured)

    @property
    def losses(self) -> dict[str, dict[str, int]]:
        """The number of dropped items by signal and reason."""
        return _losses.snapshot()

    def events(self, name: str | None = None) -> list[CapturedLog]:
        """Return the events, or only those with the given name, such as `trading.order.filled`."""
        return [record for record in self.logs if record.name and name in (None, record.name)]

    def metric(self, metric: str | BoundMetric[Any], **labels: object) -> float | CapturedHistogram | None:
        """Return the value of one series of a metric.

        Args:
            metric: One of `otel_trading.metrics`, its name there, or the name of any other metric.
            **labels: Labels as in `bind`: enough of them to select one series.

        Returns:
            The value of a counter or level, the contents of a histogram, or None if nothing was recorded. A
            counter that was only bound, here or in an earlier test, has recorded nothing.

        Raises:
            LabelError: The metric or a label is unknown, or several series have these labels.
        """
        name = metric.definition.name if isinstance(metric, BoundMetric) else metric
        definition = next((known for known in semconv.ALL_METRICS if name in _names(known)), None)
        points = self._points()
        if definition is None and name not in points:
            known_names = [*points, *(known for one in semconv.ALL_METRICS for known in _names(one))]
            raise LabelError(f"No metric {name!r} was recorded.{nearest(name, known_names)}")
        wanted = _keys(definition, labels) if definition else {k: str(v) for k, v in labels.items()}
        found = [
            point
            for point in points.get(definition.name if definition else name, ())
            if wanted.items() <= {key: str(value) for key, value in point.attributes.items()}.items()
        ]
        if len(found) > 1:
            series = "; ".join(str(dict(point.attributes)) for point in found)
            raise LabelError(
                f"{len(found)} series of {name!r} have these labels, give more of them: {series}"
            )
        return _value(found[0]) if found else None

    def keep_metrics(self) -> None:
        """Keep the present state of the metrics, to be read after the capture."""
        self._kept = self._points()

    def _points(self) -> dict[str, list[Any]]:
        if self._kept is not None:
            return self._kept
        data = self._reader.get_metrics_data()
        return {
            metric.name: [point for point in metric.data.data_points if _was_recorded(metric.data, point)]
            for _, _, metric in (each_metric(data) if data else ())
        }


def _names(definition: Metric) -> tuple[str, str]:
    """Return the two names of a metric: OpenTelemetry's, and the one in `otel_trading.metrics`."""
    return definition.name, definition.name.removeprefix("trading.").replace(".", "_")


def _keys(definition: Metric, labels: Mapping[str, object]) -> dict[str, str]:
    """Turn the keywords of `bind` into attribute keys."""
    keys = {label.keyword: label.key for label in definition.labels}
    for keyword in labels:
        if keyword not in keys:
            hint = nearest(keyword, keys)
            raise LabelError(f"{definition.name} has no label {keyword!r}, it has {', '.join(keys)}.{hint}")
    return {keys[keyword]: str(getattr(value, "value", value)) for keyword, value in labels.items()}


def _was_recorded(data: Any, point: Any) -> bool:
    # `bind` makes the series of a counter before its first `add`, so that a value of 0 means: only bound.
    return not getattr(data, "is_monotonic", False) or point.value != 0


def _value(point: Any) -> float | CapturedHistogram:
    if not isinstance(point, HistogramDataPoint):
        return point.value  # type: ignore[no-any-return]
    bounds = [*point.explicit_bounds, inf]
    buckets = dict(zip(bounds, point.bucket_counts, strict=True))
    return CapturedHistogram(point.count, point.sum, point.min, point.max, buckets)
