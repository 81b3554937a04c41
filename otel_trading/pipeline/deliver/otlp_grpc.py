"""OTLP over gRPC: one unary call per request."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import grpc
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from otel_trading.pipeline.deliver.tls import Credentials
from otel_trading.pipeline.deliver.wire import LARGEST_ANSWER, Answer, Verdict, accepted, bounded_pause

_METHODS: Final = {
    "traces": "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    "metrics": "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    "logs": "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
}
_CODES: Final = grpc.StatusCode
_LATER: Final = frozenset(
    {
        _CODES.CANCELLED,
        _CODES.DEADLINE_EXCEEDED,
        _CODES.RESOURCE_EXHAUSTED,
        _CODES.ABORTED,
        _CODES.OUT_OF_RANGE,
        _CODES.UNAVAILABLE,
        _CODES.DATA_LOSS,
    }
)
_CREDENTIAL: Final = frozenset({_CODES.UNAUTHENTICATED, _CODES.PERMISSION_DENIED})
_COMPRESSION: Final = {"gzip": grpc.Compression.Gzip, "deflate": grpc.Compression.Deflate}
_ANSWER: Final = f"vs. {LARGEST_ANSWER})"
"""What a message that is too large is compared with where it is the answer."""

_DETAILS: Final = "grpc-status-details-bin"


class GrpcWire:
    """Speaks OTLP over gRPC for one signal.

    Args:
        signal: "traces", "metrics" or "logs".
        endpoint: A URL; https is encrypted.
        headers: Sent with each request, as metadata.
        credentials: Certificates, where not the system's.
        compression: "gzip", "deflate" or "none".
    """

    largest = 4 * 1024 * 1024  # what a gRPC server takes by default

    def __init__(
        self,
        signal: str,
        endpoint: str,
        headers: Mapping[str, str],
        credentials: Credentials,
        compression: str,
    ) -> None:
        self._signal = signal
        self._url = urlsplit(endpoint)
        self._metadata = tuple((key.lower(), value) for key, value in headers.items())
        self._credentials = credentials
        self._compression = _COMPRESSION.get(compression)
        self._call: Any = None
        self._channel: Any = None
        self._pid = 0

    def send(self, payload: bytes, timeout: float) -> Answer:
        """Send one encoded request and wait for its answer, at most `timeout` seconds; never raises."""
        try:
            body = self._connected()(
                payload, timeout=timeout, metadata=self._metadata, compression=self._compression
            )
        except grpc.RpcError as error:
            return _declined(error)
        except ValueError as error:  # the channel was closed meanwhile
            return Answer(Verdict.LATER, str(error))
        return accepted(self._signal, body) or Answer(Verdict.LATER, "an answer that is none of OTLP's")

    def close(self) -> None:
        """Give up the channel, and the call that is under way on it."""
        if self._channel is not None and self._pid == os.getpid():
            self._channel.close()

    def _connected(self) -> Any:
        if self._pid != os.getpid():  # a channel does not survive a fork
            self._pid = os.getpid()
            self._channel = self._open()
            self._call = self._channel.unary_unary(
                _METHODS[self._signal], request_serializer=None, response_deserializer=None
            )
        return self._call

    def _open(self) -> Any:
        options = (
            ("grpc.primary_user_agent", "otel_trading"),
            ("grpc.initial_reconnect_backoff_ms", 500),
            ("grpc.max_reconnect_backoff_ms", 5000),  # not two minutes after an outage
            ("grpc.max_receive_message_length", LARGEST_ANSWER),
        )
        if self._url.scheme != "https":
            return grpc.insecure_channel(self._url.netloc, options)
        return grpc.secure_channel(self._url.netloc, self._credentials.for_grpc(), options)


def _declined(error: Any) -> Answer:
    code, details = error.code(), error.details() or ""
    why = f"gRPC {code.name}: {details}"
    if code is _CODES.RESOURCE_EXHAUSTED and "larger than max" in details and _ANSWER not in details:
        return Answer(Verdict.TOO_LARGE, why)
    if code in _LATER:
        return Answer(Verdict.LATER, why, pause=_pause(error))
    if code in _CREDENTIAL:
        return Answer(Verdict.CREDENTIAL, f"{why}: the credential in `headers` is missing or not accepted")
    return Answer(Verdict.REFUSED, why)


def _pause(error: Any) -> float | None:
    """Return the pause that the server asks for, as the Collector's receiver and gateways say it."""
    for key, value in error.trailing_metadata() or ():
        if key == _DETAILS:
            return _pause_in(value)
    return None


def _pause_in(encoded: bytes) -> float | None:
    info = RetryInfo()
    try:
        for detail in Status.FromString(encoded).details:
            if detail.Unpack(info):
                return bounded_pause(info.retry_delay.seconds + info.retry_delay.nanos / 1e9)
    except DecodeError:
        pass
    return None
