"""An OTLP load generator with little cost: it encodes each request once, and later replaces ids and times.

The load resembles the example system: traces of ticks with signals and checks, log records of orders, and
series of one counter.
"""

from __future__ import annotations

import http.client
import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

SERIES_PER_REQUEST = 1000
_TRACES, _LOGS = 100, 500
_OK, _BUSY = 200, (429, 503)

# service, name, kind, parent (by position), microseconds, attributes
_TRACE = (
    ("market-data", "process quote", Span.SPAN_KIND_INTERNAL, None, 9, {"trading.feed.name": "sip"}),
    ("market-data", "send ticks", Span.SPAN_KIND_PRODUCER, 0, 5, {"messaging.system": "zeromq"}),
    ("signal-bridge", "process ticks", Span.SPAN_KIND_CONSUMER, 1, 400, {"messaging.system": "zeromq"}),
    ("signal-bridge", "infer", Span.SPAN_KIND_INTERNAL, 2, 200, {"trading.model.name": "momentum"}),
    ("risk-manager", "check", Span.SPAN_KIND_INTERNAL, 3, 50, {"trading.risk.check.result": "pass"}),
)
SPANS = _TRACES * len(_TRACE)
LOGS = _LOGS


@dataclass
class Template:
    """An encoded request, and the offsets of its ids and times."""

    path: str
    items: int
    body: bytes
    ids: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)
    """Per width of ids: their offsets, and the index of the fresh id for each offset."""
    times: list[tuple[np.ndarray, int]] = field(default_factory=list)
    """Sets of offsets of times, each with the nanoseconds that it lies before now."""

    def fresh(self) -> bytes:
        """Return the request with new ids and the current time."""
        data = np.frombuffer(self.body, np.uint8).copy()
        for offsets, which in self.ids:
            width = 16 if offsets is self.ids[0][0] else 8
            values = np.random.default_rng().integers(1, 255, (int(which.max()) + 1, width), np.uint8)
            data[offsets[:, None] + np.arange(width)] = values[which]
        now = time.time_ns()
        for offsets, before in self.times:
            data[offsets[:, None] + np.arange(8)] = np.frombuffer(struct.pack("<Q", now - before), np.uint8)
        return data.tobytes()


def traces(error_every: int = 100) -> Template:
    """Return a request of `SPANS` spans: traces of five spans over three services, some with an error."""
    request, spans = ExportTraceServiceRequest(), []
    for service in dict.fromkeys(step[0] for step in _TRACE):
        scope = request.resource_spans.add(resource=_resource(service)).scope_spans.add()
        scope.scope.name = "otel_trading"
        for trace in range(_TRACES):
            for position, (owner, name, kind, parent, micros, attributes) in enumerate(_TRACE):
                if owner != service:
                    continue
                span = scope.spans.add(name=name, kind=kind, attributes=_attributes(attributes))
                span.trace_id = _marker(b"T", trace, 16)
                span.span_id = _marker(b"S", trace * len(_TRACE) + position, 8)
                if parent is not None:
                    span.parent_span_id = _marker(b"S", trace * len(_TRACE) + parent, 8)
                span.start_time_unix_nano = _BEGIN + micros * 1000
                span.end_time_unix_nano = _BEGIN
                if trace % error_every == 0 and position == len(_TRACE) - 1:
                    span.status.code = Status.STATUS_CODE_ERROR
                spans.append(micros)
    body = request.SerializeToString()
    template = Template("/v1/traces", SPANS, body, ids=[_find(body, b"T", 16), _find(body, b"S", 8)])
    template.times = [(_offsets(body, struct.pack("<Q", _BEGIN)), 0)]
    template.times += [
        (_offsets(body, struct.pack("<Q", _BEGIN + micros * 1000)), micros * 1000) for micros in set(spans)
    ]
    return template


def logs() -> Template:
    """Return a request of `LOGS` log records that resemble the events of orders."""
    request = ExportLogsServiceRequest()
    scope = request.resource_logs.add(resource=_resource("execution-engine")).scope_logs.add()
    attributes = {"trading.order.type": "limit", "trading.order.side": "buy", "trading.venue.name": "SIM"}
    for number in range(_LOGS):
        record = scope.log_records.add(severity_text="INFO", severity_number=9)
        record.event_name = "trading.order.acknowledged"
        record.time_unix_nano = _BEGIN
        record.trace_id = _marker(b"T", number, 16)
        record.span_id = _marker(b"S", number, 8)
        record.attributes.extend(_attributes({**attributes, "trading.order.id": f"order-{number}"}))
    body = request.SerializeToString()
    template = Template("/v1/logs", LOGS, body, ids=[_find(body, b"T", 16), _find(body, b"S", 8)])
    template.times = [(_offsets(body, struct.pack("<Q", _BEGIN)), 0)]
    return template


def metrics(first: int) -> Template:
    """Return a request of `SERIES_PER_REQUEST` series of one counter.

    Args:
        first: The number of the first series, which makes the series of several requests distinct.
    """
    request = ExportMetricsServiceRequest()
    scope = request.resource_metrics.add(resource=_resource("risk-manager")).scope_metrics.add()
    total = scope.metrics.add(name="load.items", unit="{item}").sum
    total.is_monotonic = True
    total.aggregation_temporality = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    for number in range(first, first + SERIES_PER_REQUEST):
        point = total.data_points.add(time_unix_nano=_BEGIN, start_time_unix_nano=1, as_int=number)
        point.attributes.extend(_attributes({"series": str(number)}))
    body = request.SerializeToString()
    times = [(_offsets(body, struct.pack("<Q", _BEGIN)), 0)]
    return Template("/v1/metrics", SERIES_PER_REQUEST, body, times=times)


class LoadSender:
    """Sends requests over one connection, and repeats each one until it is accepted."""

    def __init__(self, address: str) -> None:
        self._connection = http.client.HTTPConnection(address, timeout=30)
        self.refused = 0

    def send(self, template: Template) -> None:
        """Send one fresh request, and repeat it while the receiver is busy.

        Raises:
            RuntimeError: The receiver answered with a permanent error.
        """
        body = template.fresh()
        while True:
            headers = {"Content-Type": "application/x-protobuf"}
            self._connection.request("POST", template.path, body, headers)
            answer = self._connection.getresponse()
            answer.read()
            if answer.status == _OK:
                return
            if answer.status not in _BUSY:
                raise RuntimeError(f"{template.path} answered {answer.status}")
            self.refused += 1
            time.sleep(0.05)


def run(sender: LoadSender, plan: Iterable[tuple[Template, float]], seconds: float) -> dict[str, int]:
    """Send each template at its rate for some seconds.

    Args:
        sender: The connection.
        plan: Templates with their rates in requests per second.
        seconds: How long to send.

    Returns:
        The number of accepted items by path.
    """
    begin = time.perf_counter()
    due = [(0.0, number, template, 1 / rate) for number, (template, rate) in enumerate(plan)]
    sent: dict[str, int] = {}
    while True:
        due.sort()
        at, number, template, step = due[0]
        now = time.perf_counter() - begin
        if min(at, now) >= seconds:
            return sent
        if at > now:
            time.sleep(at - now)
        sender.send(template)
        sent[template.path] = sent.get(template.path, 0) + template.items
        due[0] = (at + step, number, template, step)


_BEGIN = 0x1122334455667788
"""A placeholder for times in a template; no other eight bytes of a request have this value."""


def _marker(letter: bytes, number: int, width: int) -> bytes:
    return (letter + b"%05d" % number).ljust(width, b"#")


def _find(body: bytes, letter: bytes, width: int) -> tuple[np.ndarray, np.ndarray]:
    offsets, numbers = [], []
    at = -1
    while (at := body.find(letter, at + 1)) >= 0:
        marker = body[at : at + width]
        if marker[6:] == b"#" * (width - 6) and marker[1:6].isdigit():
            offsets.append(at)
            numbers.append(int(marker[1:6]))
    return np.array(offsets), np.array(numbers)


def _offsets(body: bytes, value: bytes) -> np.ndarray:
    found, at = [], -1
    while (at := body.find(value, at + 1)) >= 0:
        found.append(at)
    return np.array(found)


def _resource(service: str) -> Resource:
    given = {"service.name": service, "service.instance.id": f"{service}-1", "host.name": "bench"}
    return Resource(attributes=_attributes({**given, "deployment.environment.name": "bench"}))


def _attributes(values: dict[str, str]) -> list[KeyValue]:
    return [KeyValue(key=key, value=AnyValue(string_value=value)) for key, value in values.items()]
