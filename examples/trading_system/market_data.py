"""Market data: the broker's stream becomes an order book per symbol, and each quote a tick on ZeroMQ.

The how-to of `ot.Feed`: connection, sequence gaps, processing time, order book violations, dropped messages.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Mapping
from time import time_ns
from typing import Any

import zmq
from alpaca.data.live import StockDataStream

import otel_trading as ot
from trading_system.drill import Drill, within
from trading_system.gateway import Client, VenueClock
from trading_system.messages import pack
from trading_system.order_book import OrderBook, SlowBook
from trading_system.service import Context, Socket, bind, run
from trading_system.session import follow_clock, follow_session
from trading_system.settings import SystemSettings

SUBSCRIBERS = 2
"""The number of subscribers to wait for: the signal bridge and the risk manager.

A PUB socket drops every message that it sends before a subscriber has joined:
https://zguide.zeromq.org/docs/chapter1/#Getting-the-Message-Out
"""

SLOWEST = 1.0
"""Seconds that a drill may add to the processing of a message."""

_log = logging.getLogger(__name__)


class Stream(StockDataStream):
    """The broker's own client, which also reports the state of its connection to the feed."""

    def __init__(self, settings: SystemSettings, feed: ot.Feed) -> None:
        url = f"{settings.stream_url}/v2/sip"
        super().__init__(settings.key_id, settings.secret_key, raw_data=True, url_override=url)
        self._feed = feed

    async def _start_ws(self) -> None:
        self._feed.connecting()
        try:
            await super()._start_ws()
        except Exception as error:
            self._feed.connection_failed(error)
            raise
        self._feed.connected()

    def on_clock(self, clock: VenueClock) -> None:
        """Apply an answer of the venue's clock."""
        follow_session(self._feed, is_open=clock.is_open, is_up=self._running)

    async def close(self) -> None:
        """Close the connection. The client also calls this after a lost connection."""
        if self._running and self._should_run:
            self._feed.disconnected("the stream was closed")
        await super().close()

    async def drain(self) -> None:
        """End the session after handling every message that the venue sent before the close."""
        # The client's own `stop_ws` ends between two messages and loses those in its buffer. After a close
        # of the WebSocket the reader still gets every message before the close frame, then an exception:
        # https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
        # `_should_run` has to be False before the close, or the client would reconnect.
        self._feed.idle()
        self._should_run = False
        if self._stop_stream_event is not None:
            self._stop_stream_event.set()
        if self._ws is not None:
            await self._ws.close()


class MarketData:
    """Handles messages of the stream: updates the books and publishes ticks."""

    def __init__(self, settings: SystemSettings, feed: ot.Feed, socket: Socket) -> None:
        self._feed = feed
        self._socket: zmq.Socket[bytes] = zmq.Socket.shadow(socket)  # synchronous: it sends at once or fails
        self._ticks = ot.Channel("ticks")
        self._books = self._usual_books = {symbol: OrderBook(symbol) for symbol in settings.symbols}

    def slow_down(self, seconds: float) -> None:
        """Add this many seconds to the processing of each message; for a drill."""
        pause = within("seconds", seconds, SLOWEST)
        self._books = {symbol: SlowBook(book, pause) for symbol, book in self._usual_books.items()}

    def speed_up(self) -> None:
        """Return to the usual processing time."""
        self._books = self._usual_books

    async def on_quote(self, message: Any) -> None:
        """Apply a quote, as unpacked from the wire, to its book, and publish the top of the book."""
        received_ns = time_ns()
        if not self._received("quote", message):
            return
        with self._feed.process("quote"):
            if not message["bp"] and not message["ap"]:
                self._feed.dropped("decode")  # a quote without any price
                return
            book = self._books[message["S"]]
            with self._feed.book_update():
                book.quote(message)
            if book.violation:
                self._feed.violation(book.violation)
            self._publish(book, received_ns)

    async def on_trade(self, message: Any) -> None:
        """Record the price of a trade."""
        if self._received("trade", message):
            with self._feed.process("trade"), self._feed.book_update():
                self._books[message["S"]].trade(message)

    def _received(self, message_type: str, message: Mapping[str, Any]) -> bool:
        timestamp = message["t"]
        sent_ns = timestamp.seconds * 10**9 + timestamp.nanoseconds
        return self._feed.received(message_type, exchange_time_ns=sent_ns, sequence=message.get("n"))

    def _publish(self, book: OrderBook, received_ns: int) -> None:
        frames = [book.symbol.encode(), pack(book.top(received_ns))]
        try:
            with self._ticks.send(frames) as sent:
                self._socket.send_multipart(sent, zmq.NOBLOCK)
        except zmq.Again:
            self._feed.dropped(
                "overflow"
            )  # a slow subscriber loses this tick: an old price is worse than none


async def work(settings: SystemSettings, context: Context, drill: Drill) -> None:
    """Publish ticks from the stream until cancelled."""
    socket = bind(context, zmq.XPUB, settings.ticks_url)
    # https://libzmq.readthedocs.io/en/latest/zmq_setsockopt.html describes both options.
    socket.setsockopt(
        zmq.XPUB_NODROP, 1
    )  # a full socket fails with EAGAIN, so that a dropped tick is counted
    socket.setsockopt(zmq.XPUB_VERBOSE, 1)  # report each subscription, not only the first of a topic
    feed = ot.Feed("sip")
    market_data = MarketData(settings, feed, socket)
    drill.offer(slow_ticks=market_data.slow_down, fast_ticks=market_data.speed_up)
    stream = Stream(settings, feed)
    stream.subscribe_quotes(market_data.on_quote, *settings.symbols)
    stream.subscribe_trades(market_data.on_trade, *settings.symbols)
    for _ in range(SUBSCRIBERS):
        await socket.recv()
    _log.info("ready")
    streaming = asyncio.create_task(stream._run_forever())  # `run` would start its own event loop
    try:
        await asyncio.gather(
            asyncio.shield(streaming), follow_clock(Client(settings).read_clock, stream.on_clock)
        )
    finally:
        # The shield above kept the stream alive through the cancellation, so that it can drain now.
        await stream.drain()
        await streaming


if __name__ == "__main__":
    sys.exit(run("market-data", work))
