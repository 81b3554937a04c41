"""Health: one answer to "does telemetry work?"."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class RouteHealth:
    """One signal on its way to one exporter: produced = delivered + lost + waiting, exactly.

    Attributes:
        signal: "traces", "metrics" or "logs".
        exporter: As the setting `exporters` calls it; "stdout" for the lines of JSON.
        produced: How many spans, log records or data points were handed over.
        delivered: How many arrived.
        lost: How many never will.
        waiting: How many are neither yet.
        dropped: Why they were lost: how many, by reason.
        last_error: What the last failed export said; None while none has failed.
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
        pid: The process that was asked.
        running: Whether `shutdown` is still to come, and OpenTelemetry is not disabled.
        form: Which form of the recording cells runs: "compiled" or "pure Python".
        exporters: Every exporter in use.
        attached_to: Per signal, whose providers are used: "ours", "file" (`OTEL_CONFIG_FILE`),
            "foreign" (set by another library) or "none".
        endpoint: Where OTLP goes, or None.
        metrics_address: Where `/metrics` is served, or None.
        routes: What became of what was exported; empty where the providers are not ours.
        losses: What was dropped, by signal and reason.
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
        """Return it as plain values, for JSON."""
        return asdict(self)
