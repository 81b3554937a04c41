"""A feed: one stream of market data, from the connection to the order book."""

from __future__ import annotations

from operator import index
from time import time_ns
from typing import NamedTuple

from otel_trading import metrics
from otel_trading._guard import guard, report
from otel_trading.instruments import _arguments
from otel_trading.instruments.operation import Operation
from otel_trading.instruments.status import Status
from otel_trading.logs import event
from otel_trading.recording import Counter, Histogram, Timer
from otel_trading.semconv import market_data as names
from otel_trading.tracing import span
from otel_trading.values import numbers, times
from otel_trading.values.numbers import reject
from otel_trading.values.text import described

_NS_PER_S = 1e9


class _MessageType(NamedTuple):
    """The handles and the span of one type of message, bound once."""

    received: Counter
    duration: Histogram
    span_name: str
    attributes: dict[str, str]


class Feed:
    """One stream of market data: its connection, its messages, its gaps and the order book built from it.

    Its methods never raise. `received`, `process` and `book_update` are fast enough for every tick; call them
    from one thread per feed. A new feed is disconnected.

        feed = Feed("sip")
        feed.connected()
        if feed.received("quote", exchange_time_ns=quote.timestamp, sequence=quote.sequence):
            with feed.process("quote"), feed.book_update():
                book.apply(quote)

    Args:
        name: The feed's name, such as "sip".

    Raises:
        LabelError: The name is not text, or empty.
    """

    def __init__(self, name: str) -> None:
        self.name = _arguments.name(name, "Feed(name)")
        states = metrics.connection_status.bind_states(
            "state", connection_type="market_data", feed_name=self.name
        )
        self._status = Status(states, "disconnected")
        self._message_types: dict[str, _MessageType] = {}
        self._last_message = metrics.market_data_last_message_timestamp.bind(feed_name=self.name)
        self._transit = metrics.market_data_transit_duration.bind(feed_name=self.name)
        self._missed = metrics.market_data_message_missed.bind(feed_name=self.name)
        self._updates: dict[str, Histogram] = {}
        self._last_sequence: int | None = None
        self._may_restart = False

    @property
    def state(self) -> str:
        """The connection: "connected", "connecting", "disconnected" or "idle"."""
        return self._status.state

    @guard("feed connecting")
    def connecting(self) -> None:
        """State that the connection is being established."""
        self._status.change("connecting")

    @guard("feed connected")
    def connected(self) -> None:
        """State that messages can arrive; the sequence numbers may start again at any number.

        Call it again, while connected, when the venue resets its sequence numbers.
        """
        self._may_restart = True
        if self._status.change("connected"):
            event(names.TRADING_MARKET_DATA_CONNECTED, {names.TRADING_FEED_NAME: self.name})

    @guard("feed disconnected")
    def disconnected(self, reason: str = "") -> None:
        """State that the connection is lost, or was closed during the session.

        Args:
            reason: Why, for the event.
        """
        if self._status.change("disconnected"):
            attributes = {names.TRADING_FEED_NAME: self.name}
            event(
                names.TRADING_MARKET_DATA_DISCONNECTED,
                attributes,
                severity="warn",
                body=described(reason) or None,
            )

    @guard("feed idle")
    def idle(self) -> None:
        """State that the feed is out of session, so that its silence raises no alert."""
        self._status.change("idle")

    @guard("feed connection failed")
    def connection_failed(self, error: BaseException | str) -> None:
        """Count a failed attempt to connect; the feed is disconnected afterwards.

        Args:
            error: The exception, or a short word of a small set.
        """
        error_type = _arguments.failure(error)
        metrics.market_data_connection_failed.bind(feed_name=self.name, error_type=error_type).add()
        self._status.change("disconnected")

    def received(
        self, message_type: str, *, exchange_time_ns: int | None = None, sequence: int | None = None
    ) -> bool:
        """Count a message, right after it was read from the socket.

        Args:
            message_type: "trade", "quote", "book", "status" or "heartbeat".
            exchange_time_ns: When the venue sent it, in unix nanoseconds; the difference to the local
                clock is the transit, which is only as good as the clocks (see `clock_offset`).
            sequence: The feed's number of this message, which increases by one. The first number is the
                base. A gap counts the missing messages; a number that does not increase drops this one.

        Returns:
            Whether to use the message: False for a duplicate and for one out of order.
        """
        try:
            self._bound(message_type).received.add()
            now = time_ns()
            self._last_message.set(now / _NS_PER_S)
            if exchange_time_ns is not None:
                transit = times.seconds_since(exchange_time_ns, now)
                if transit is not None:
                    self._transit.record(transit)
            return sequence is None or self._is_next(sequence)
        except Exception as error:  # noqa: BLE001 - a defect of ours must not drop the caller's message
            report("feed received", error)
            return True

    def process(self, message_type: str) -> Operation:
        """Time the work on one message, from the socket to the book and the dispatch.

        Its span is the root of the tick's trace. The sampler decides which of these traces are kept.

        Args:
            message_type: As in `received`.

        Returns:
            A context manager.
        """
        bound = self._bound(message_type)
        return Operation(span(bound.span_name, bound.attributes), bound.duration)

    def book_update(self, update_type: str = "delta") -> Timer:
        """Time one change of the order book.

        It opens no span, which would cost more than the update itself. Exemplars lead to `process`.

        Args:
            update_type: "snapshot" or "delta".

        Returns:
            A context manager.
        """
        try:
            return self._updates[update_type].time()
        except (KeyError, TypeError):
            return self._bind_update(update_type).time()

    @guard("feed dropped")
    def dropped(self, reason: str, count: int = 1) -> None:
        """Count messages that arrived and were not used.

        Args:
            reason: "decode", "overflow", "out_of_order", "duplicate" or "stale".
            count: The number of messages.
        """
        reason = _arguments.word(metrics.market_data_message_dropped, "drop_reason", reason)
        metrics.market_data_message_dropped.bind(feed_name=self.name, drop_reason=reason).add(count)

    @guard("feed missed")
    def missed(self, count: int) -> None:
        """Count messages that never arrived; `received` does it for a feed with sequence numbers.

        Args:
            count: The size of the gap.
        """
        size = numbers.quantity(count)
        if size is None:
            return
        self._missed.add(size)
        attributes = {names.TRADING_FEED_NAME: self.name, names.TRADING_MARKET_DATA_GAP_SIZE: int(size)}
        event(names.TRADING_MARKET_DATA_GAP, attributes, severity="warn")

    @guard("order book violation")
    def violation(self, type: str) -> None:
        """Count an order book in an impossible state.

        Args:
            type: "crossed", "locked", "unknown_order" or "negative_size".
        """
        known = _arguments.word(metrics.order_book_violations, "violation_type", type)
        metrics.order_book_violations.bind(feed_name=self.name, violation_type=known).add()

    def _bound(self, message_type: str) -> _MessageType:
        try:
            return self._message_types[message_type]
        except (KeyError, TypeError):  # a new type, or an object that has no hash
            return self._bind(message_type)

    def _bind(self, message_type: str) -> _MessageType:
        known = _arguments.word(metrics.market_data_message_received, "message_type", message_type)
        bound = _MessageType(
            metrics.market_data_message_received.bind(feed_name=self.name, message_type=known),
            metrics.market_data_process_duration.bind(feed_name=self.name, message_type=known),
            f"process {known}",
            {names.TRADING_FEED_NAME: self.name, names.TRADING_MARKET_DATA_MESSAGE_TYPE: known},
        )
        if known == message_type:  # an unknown type is not kept, so that each of its messages is counted
            self._message_types[known] = bound
        return bound

    def _bind_update(self, update_type: str) -> Histogram:
        known = _arguments.word(metrics.order_book_update_duration, "update_type", update_type)
        update = metrics.order_book_update_duration.bind(feed_name=self.name, update_type=known)
        if known == update_type:
            self._updates[known] = update
        return update

    def _is_next(self, sequence: int) -> bool:
        last = self._last_sequence
        if last is not None and sequence == last + 1:
            self._last_sequence, self._may_restart = last + 1, False
            return True
        return self._resynchronize(sequence, last)

    def _resynchronize(self, given: int, last: int | None) -> bool:
        try:
            sequence = index(given)
        except TypeError:
            reject(given)
            return True
        if last is not None and sequence <= last and not self._may_restart:
            self.dropped("duplicate" if sequence == last else "out_of_order")
            return False
        if last is not None and sequence > last + 1:
            self.missed(sequence - last - 1)
        self._last_sequence, self._may_restart = sequence, False
        return True
