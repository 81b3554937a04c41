"""A venue: its order entry connection, and the requests to it that failed."""

from __future__ import annotations

from typing import Final

from opentelemetry.trace import SpanKind

from otel_trading import metrics
from otel_trading._guard import guard
from otel_trading.instruments import _arguments
from otel_trading.instruments.operation import Operation
from otel_trading.instruments.status import Status
from otel_trading.semconv import venue as names
from otel_trading.tracing import span

_EXPECTED_FAILURES: Final = ("429", "500", "502", "503", "504")
"""Status codes whose series exist from the start, so that `increase()` sees the first failure."""


class Request(Operation):
    """One request to a venue, retries included; an exception in the block counts as a failure."""

    __slots__ = ("_venue",)

    def __init__(self, venue: Venue) -> None:
        opened = span(f"request {venue.name}", {names.TRADING_VENUE_NAME: venue.name}, kind=SpanKind.CLIENT)
        super().__init__(opened)
        self._venue = venue

    def _finish(self, elapsed: float, error: BaseException | None) -> None:  # noqa: ARG002
        if isinstance(error, Exception):  # a cancelled request did not fail
            self._venue.request_failed(error)


class Venue:
    """An exchange or a broker that receives orders. A new venue is disconnected.

        venue = Venue("XNAS", address="api.broker.example")
        venue.connected()
        with venue.request():
            client.submit_order(...)

    Args:
        name: The venue, as a MIC (ISO 10383) or a short name.
        address: The host that orders are sent to.

    Raises:
        LabelError: A name is not text, or empty.
    """

    def __init__(self, name: str, *, address: str) -> None:
        self.name = _arguments.name(name, "Venue(name)")
        self.address = _arguments.name(address, "Venue(address)")
        states = metrics.connection_status.bind_states(
            "state", connection_type="order_entry", server_address=self.address
        )
        self._status = Status(states, "disconnected")
        for code in _EXPECTED_FAILURES:
            metrics.venue_request_failed.bind(venue_name=self.name, error_type=code)

    @property
    def state(self) -> str:
        """The connection: "connected", "connecting", "disconnected" or "idle"."""
        return self._status.state

    @guard("venue connecting")
    def connecting(self) -> None:
        """State that the connection is being established."""
        self._status.change("connecting")

    @guard("venue connected")
    def connected(self) -> None:
        """State that orders can be sent."""
        self._status.change("connected")

    @guard("venue disconnected")
    def disconnected(self) -> None:
        """State that no order can be sent."""
        self._status.change("disconnected")

    @guard("venue idle")
    def idle(self) -> None:
        """State that the venue is out of session."""
        self._status.change("idle")

    def request(self) -> Request:
        """Count an exception in the block as a failed request; the exception propagates.

        Its span is `request {venue}`, the parent of the HTTP client's spans. Put it around the retries, not
        inside: a request that succeeds at last did not fail.

        Returns:
            A context manager.
        """
        return Request(self)

    @guard("venue request failed")
    def request_failed(self, error: BaseException | str) -> None:
        """Count a request that failed for good, over any transport.

        Args:
            error: An exception, or a short word of a small set. The `error.type` of an exception is its HTTP
                `status_code` or that of its `response` (requests, httpx, alpaca-py), else its class name.
        """
        error_type = _arguments.failure(error)
        metrics.venue_request_failed.bind(venue_name=self.name, error_type=error_type).add()
