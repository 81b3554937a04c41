"""Health: the state of telemetry in one process, with the counts of every exporter."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class RouteHealth:
    """The counts of one signal and exporter: produced = delivered + lost + waiting, exactly.

    Attributes:
        signal: "traces", "metrics" or "logs".
        exporter: The name of the exporter in the setting `exporters`; "stdout" for the lines of JSON.
        produced: How many spans, log records or data points were handed over.
        delivered: How many arrived.
        lost: How many were dropped.
        waiting: How many are neither delivered nor dropped yet.
        dropped: How many were dropped, by reason.
        last_error: The message of the last failed export; None if none has failed.
    """

    signal: str
    exporter: str
    produced: int
    delivered: int
    lost: int
    waiting: int
    dropped: dict[str, int]
    last_error: str | None


@dataclass(frozen=True)
class Health:
    """The state of telemetry in one process.

    Attributes:
        service: The name of the service.
        pid: The id of the process.
        running: Whether telemetry is active: neither shut down nor disabled by `OTEL_SDK_DISABLED`.
        form: Which form of the recording cells runs: "compiled" or "pure Python".
        exporters: Every exporter in use.
        attached_to: Per signal, the owner of the provider in use: "ours", "file" (`OTEL_CONFIG_FILE`),
            "foreign" (set by another library) or "none".
        endpoint: The OTLP endpoint, or None.
        metrics_address: The URL of `/metrics`, or None.
        routes: The counts of each signal and exporter; empty if the providers are not ours.
        losses: How many items were dropped, by signal and reason.
    """

    service: str
    pid: int
    running: bool
    form: str
    exporters: tuple[str, ...]
    attached_to: dict[str, str]
    endpoint: str | None
    metrics_address: str | None
    routes: tuple[RouteHealth, ...]
    losses: dict[str, dict[str, int]]

    def as_dict(self) -> dict[str, Any]:
        """Return the state as plain values, for JSON."""
        return asdict(self)
