"""Wire: sends one OTLP request and classifies its answer, including answers that are not OTLP."""

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
"""The most bytes of an answer that are read. A longer answer does not come from an OTLP endpoint."""

LONGEST_PAUSE_S: Final = 60.0
"""The longest pause that an endpoint can impose. A wrong `Retry-After` must not stop exports for hours."""


class Verdict(Enum):
    """The result of a request. The values of the refusals are reasons in the count of losses."""

    DELIVERED = "delivered"
    RETRY = "retry"
    """The endpoint did not answer, or its answer allows a retry."""
    TOO_LARGE = "too_large"
    CREDENTIAL = "credential"
    REFUSED = "refused"


@dataclass(frozen=True)
class Answer:
    """The classified answer to one request.

    Attributes:
        verdict: The result of the request.
        reason: One sentence that explains a failure; empty if all items were accepted.
        rejected: How many items of a delivered request the endpoint rejected (partial success,
            https://opentelemetry.io/docs/specs/otlp/#partial-success).
        pause: Seconds to wait before a retry, as the endpoint requested; None if it requested none.
    """

    verdict: Verdict
    reason: str = ""
    rejected: int = 0
    pause: float | None = None


class Wire(Protocol):
    """Sends OTLP requests of one signal over one protocol."""

    largest: int
    """The most bytes of one request."""

    def send(self, payload: bytes, timeout: float) -> Answer:
        """Send one encoded request and wait for its answer, at most `timeout` seconds; never raise."""

    def close(self) -> None:
        """Interrupt a request that is running. Any thread may call this."""


_RESPONSES: Final[dict[str, tuple[Callable[[], Any], str]]] = {
    "traces": (ExportTraceServiceResponse, "rejected_spans"),
    "metrics": (ExportMetricsServiceResponse, "rejected_data_points"),
    "logs": (ExportLogsServiceResponse, "rejected_log_records"),
}


def accepted(signal: str, body: bytes) -> Answer | None:
    """Read the answer to a request that the endpoint accepted.

    Args:
        signal: "traces", "metrics" or "logs".
        body: The encoded response.

    Returns:
        None if the body is not an OTLP response.
    """
    make, field = _RESPONSES[signal]
    response = make()
    try:
        response.ParseFromString(body)
    except DecodeError:
        return None
    partial = response.partial_success
    # A message without rejected items is only a warning of the endpoint, so that nothing failed:
    # https://opentelemetry.io/docs/specs/otlp/#partial-success
    rejected = max(0, int(getattr(partial, field)))
    return Answer(Verdict.DELIVERED, str(partial.error_message) if rejected else "", rejected)


def bounded_pause(seconds: float | None) -> float | None:
    """Return the pause to keep before a retry, at most `LONGEST_PAUSE_S`.

    Args:
        seconds: The pause that an endpoint requested, from `Retry-After`
            (https://www.rfc-editor.org/rfc/rfc9110#field.retry-after) or from gRPC's `RetryInfo`.

    Returns:
        None if the request is missing, negative or NaN.
    """
    if seconds is None or not seconds >= 0:  # not `seconds < 0`, since a comparison with NaN is always False
        return None
    return min(seconds, LONGEST_PAUSE_S)


def variable(signal: str, name: str) -> str | None:
    """Return a variable of OTLP exporters: the one of the signal if it is set, else the one of all signals.

    Args:
        signal: "traces", "metrics" or "logs".
        name: The part after the prefix, such as "CERTIFICATE".
    """
    names: Iterable[str] = (f"OTEL_EXPORTER_OTLP_{signal.upper()}_{name}", f"OTEL_EXPORTER_OTLP_{name}")
    return next((value for one in names if (value := os.environ.get(one, "").strip())), None)
