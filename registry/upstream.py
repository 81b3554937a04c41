"""The attributes, metrics, spans and entities of OpenTelemetry's conventions, 1.44.0, that we refer to."""

from __future__ import annotations

from typing import NamedTuple


class Upstream(NamedTuple):
    """An attribute of the conventions: keyword in `bind`, type, brief, and the values that we allow."""

    keyword: str
    type: str
    brief: str
    values: tuple[str, ...] = ()


class UpstreamMetric(NamedTuple):
    """A metric of the conventions."""

    instrument: str
    unit: str


ATTRIBUTES = {
    "cpu.mode": Upstream("cpu_mode", "string", "The CPU mode of the data point.", ("user", "system")),
    "error.type": Upstream("error_type", "string", "The class of error the operation ended with."),
    "http.request.method": Upstream("request_method", "string", "HTTP request method."),
    "http.response.status_code": Upstream("response_status_code", "int", "HTTP response status code."),
    "messaging.destination.name": Upstream("destination_name", "string", "The message destination name."),
    "messaging.operation.name": Upstream("operation_name", "string", "The messaging operation's name."),
    "messaging.system": Upstream("messaging_system", "string", "The messaging system."),
    "server.address": Upstream("server_address", "string", "Server domain name or address."),
    "server.port": Upstream("server_port", "int", "Server port number."),
}
METRICS = {
    "http.client.request.duration": UpstreamMetric("histogram", "s"),
    "messaging.client.operation.duration": UpstreamMetric("histogram", "s"),
    "process.cpu.time": UpstreamMetric("counter", "s"),
    "process.memory.usage": UpstreamMetric("updowncounter", "By"),
}
SPANS = {"messaging.send.producer": "producer", "messaging.process.consumer": "consumer"}
ENTITIES = ("host", "process", "service", "service.instance")
NAMESPACES = (
    "cpu", "deployment", "error", "event", "exception", "host", "http", "messaging", "network", "os",
    "otel", "process", "server", "service", "system", "telemetry", "url", "user",
)  # fmt: skip
"""Root namespaces of the conventions, below which this registry must not define names."""
