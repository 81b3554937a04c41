"""OTLP over gRPC: each request is one unary call."""

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
# https://opentelemetry.io/docs/specs/otlp/#failures lists these codes as retryable. It retries
# RESOURCE_EXHAUSTED only with `RetryInfo`; overloaded servers may omit that, so it is always retried here.
_RETRY: Final = frozenset(
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
_OVERSIZED_ANSWER: Final = f"vs. {LARGEST_ANSWER})"
"""The end of gRPC's error text if an answer, and not our request, exceeds its limit."""

_DETAILS: Final = "grpc-status-details-bin"


class GrpcWire:
    """Sends OTLP requests of one signal over gRPC.

    Args:
        signal: "traces", "metrics" or "logs".
        endpoint: A URL; with the scheme https the connection is encrypted.
        headers: Sent with each request, as metadata.
        credentials: Certificates to use in place of the system's.
        compression: "gzip", "deflate" or "none".
    """

    largest = 4 * 1024 * 1024  # the default limit of a gRPC server

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
        """Send one encoded request and wait for its answer, at most `timeout` seconds; never raise."""
        try:
            body = self._connected()(
                payload, timeout=timeout, metadata=self._metadata, compression=self._compression
            )
        except grpc.RpcError as error:
            return _declined(error)
        except ValueError as error:  # another thread closed the channel
            return Answer(Verdict.RETRY, str(error))
        return accepted(self._signal, body) or Answer(Verdict.RETRY, "the answer is not an OTLP response")

    def close(self) -> None:
        """Close the channel, and cancel the call that is running on it."""
        if self._channel is not None and self._pid == os.getpid():
            self._channel.close()

    def _connected(self) -> Any:
        if self._pid != os.getpid():  # gRPC's threads do not exist in a forked child
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
            ("grpc.max_reconnect_backoff_ms", 5000),  # two minutes by default, too long after an outage
            ("grpc.max_receive_message_length", LARGEST_ANSWER),
        )
        if self._url.scheme != "https":
            return grpc.insecure_channel(self._url.netloc, options)
        return grpc.secure_channel(self._url.netloc, self._credentials.for_grpc(), options)


def _declined(error: Any) -> Answer:
    code, details = error.code(), error.details() or ""
    reason = f"gRPC {code.name}: {details}"
    # gRPC also uses RESOURCE_EXHAUSTED for an overloaded server, and for an answer over our own limit.
    exceeds = "larger than max" in details and _OVERSIZED_ANSWER not in details
    if code is _CODES.RESOURCE_EXHAUSTED and exceeds:
        return Answer(Verdict.TOO_LARGE, reason)
    if code in _RETRY:
        return Answer(Verdict.RETRY, reason, pause=_pause(error))
    if code in _CREDENTIAL:
        return Answer(Verdict.CREDENTIAL, f"{reason}: the credential in `headers` is missing or not accepted")
    return Answer(Verdict.REFUSED, reason)


def _pause(error: Any) -> float | None:
    """Return the pause that the server requests, or None.

    https://opentelemetry.io/docs/specs/otlp/#otlpgrpc-throttling
    """
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
