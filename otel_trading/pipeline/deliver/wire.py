"""The wire: one request of OTLP, and what became of it, whatever the other side does."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Protocol

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

LARGEST_ANSWER: Final = 64 * 1024
"""Bytes of an answer that are read; a longer one is none of OTLP's."""

LONGEST_PAUSE_S: Final = 60.0
"""The longest that an answer can make us wait, whatever it asks for."""


class Verdict(Enum):
    """What a request came to."""

    DELIVERED = "delivered"
    LATER = "later"
    """Try again: nobody answered, or who answered asked for it."""
    TOO_LARGE = "too_large"
    CREDENTIAL = "credential"
    REFUSED = "refused"


@dataclass(frozen=True)
class Answer:
    """What the other side made of one request.

    Attributes:
        verdict: What it came to.
        why: One sentence for people; empty where everything was taken.
        rejected: How many items of a delivered request were not taken (OTLP's partial success).
        pause: Seconds that the other side asked us to wait, or None.
    """

    verdict: Verdict
    why: str = ""
    rejected: int = 0
    pause: float | None = None


class Wire(Protocol):
    """One way to speak OTLP for one signal."""

    largest: int
    """Bytes that one request may have."""

    def send(self, payload: bytes, timeout: float) -> Answer:
        """Send one encoded request and wait for its answer, at most `timeout` seconds; never raises."""

    def close(self) -> None:
        """Give up what is under way; it can be called from any thread."""


_RESPONSES: Final[dict[str, tuple[Callable[[], Any], str]]] = {
    "traces": (ExportTraceServiceResponse, "rejected_spans"),
    "metrics": (ExportMetricsServiceResponse, "rejected_data_points"),
    "logs": (ExportLogsServiceResponse, "rejected_log_records"),
}


def accepted(signal: str, body: bytes) -> Answer | None:
    """Read the answer to a request that was taken, or return None where it is no answer of OTLP.

    Args:
        signal: "traces", "metrics" or "logs".
        body: The encoded response.
    """
    make, field = _RESPONSES[signal]
    response = make()
    try:
        response.ParseFromString(body)
    except DecodeError:
        return None
    partial = response.partial_success
    rejected = max(0, int(getattr(partial, field)))
    return Answer(Verdict.DELIVERED, str(partial.error_message) if rejected else "", rejected)


def bounded_pause(seconds: float | None) -> float | None:
    """Return a pause as it will be kept: what is absurd, negative or no number is not."""
    if seconds is None or not seconds >= 0:
        return None
    return min(seconds, LONGEST_PAUSE_S)


def variable(signal: str, name: str) -> str | None:
    """Return one of OpenTelemetry's variables for OTLP exporters, that of the signal before the general one.

    Args:
        signal: "traces", "metrics" or "logs".
        name: What follows the prefix, such as "CERTIFICATE".
    """
    names: Iterable[str] = (f"OTEL_EXPORTER_OTLP_{signal.upper()}_{name}", f"OTEL_EXPORTER_OTLP_{name}")
    return next((value for one in names if (value := os.environ.get(one, "").strip())), None)
