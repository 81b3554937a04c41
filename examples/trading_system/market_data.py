"""Market data: the broker's stream becomes an order book per symbol, and each quote a tick on ZeroMQ.

The how-to of `ot.Feed`: connection, sequence gaps, processing time, order book violations, what is dropped.
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
from trading_system.gateway import Client, Clock
from trading_system.messages import pack
from trading_system.order_book import OrderBook, SlowBook
from trading_system.service import Context, Socket, bind, run
from trading_system.session import follow_clock, follow_session
from trading_system.settings import Settings

SUBSCRIBERS = 2
"""Signal bridge and risk manager: a tick that is published before they subscribed would be lost."""

SLOWEST = 1.0
"""Seconds that a drill may add to the processing of a message."""

_log = logging.getLogger(__name__)


class Stream(StockDataStream):
    """The broker's own client, which tells the feed how the connection goes."""

    def __init__(self, settings: Settings, feed: ot.Feed) -> None:
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

    def on_clock(self, clock: Clock) -> None:
        """Take in what the venue's clock says."""
        follow_session(self._feed, is_open=clock.is_open, is_up=self._running)

    async def close(self) -> None:
        """Close the connection, which the client also calls when it has lost it."""
        if self._running and self._should_run:
            self._feed.disconnected("the stream was closed")
        await super().close()

    async def drain(self) -> None:
        """End the session: what was sent before the close is still handled, then `_run_forever` returns."""
        self._feed.idle()
        self._should_run = False
        if self._stop_stream_event is not None:
            self._stop_stream_event.set()
        if self._ws is not None:
            await self._ws.close()


class MarketData:
    """From the socket to the dispatch."""

    def __init__(self, settings: Settings, feed: ot.Feed, socket: Socket) -> None:
        self._feed = feed
        self._socket: zmq.Socket[bytes] = zmq.Socket.shadow(socket)  # sends at once, or not at all: no loop
        self._ticks = ot.Channel("ticks")
        self._books = self._usual_books = {symbol: OrderBook(symbol) for symbol in settings.symbols}

    def slow_down(self, seconds: float) -> None:
        """Take so much longer for each message; for a drill."""
        pause = within("seconds", seconds, SLOWEST)
        self._books = {symbol: SlowBook(book, pause) for symbol, book in self._usual_books.items()}

    def speed_up(self) -> None:
        """Take no longer than usual."""
        self._books = self._usual_books

    async def on_quote(self, message: Any) -> None:
        """Apply a quote, a mapping as it came off the wire, to its book, and publish the top of the book."""
        received_ns = time_ns()
        if not self._received("quote", message):
            return
        with self._feed.process("quote"):
            if not message["bp"] and not message["ap"]:
                self._feed.dropped("decode")  # a quote that quotes nothing
                return
            book = self._books[message["S"]]
            with self._feed.book_update():
                book.quote(message)
            if book.violation:
                self._feed.violation(book.violation)
            self._publish(book, received_ns)

    async def on_trade(self, message: Any) -> None:
        """Note the price of a trade."""
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
            self._feed.dropped("overflow")  # a subscriber is too slow: better no tick than an old one


async def work(settings: Settings, context: Context, drill: Drill) -> None:
    """Run the stream until cancelled."""
    socket = bind(context, zmq.XPUB, settings.ticks_url)
    socket.setsockopt(zmq.XPUB_NODROP, 1)  # says so instead of dropping in silence
    socket.setsockopt(zmq.XPUB_VERBOSE, 1)  # tells of every subscriber, not of the first alone
    feed = ot.Feed("sip")
    market_data = MarketData(settings, feed, socket)
    drill.offer(slow_ticks=market_data.slow_down, fast_ticks=market_data.speed_up)
    stream = Stream(settings, feed)
    stream.subscribe_quotes(market_data.on_quote, *settings.symbols)
    stream.subscribe_trades(market_data.on_trade, *settings.symbols)
    for _ in range(SUBSCRIBERS):
        await socket.recv()
    _log.info("ready")
    streaming = asyncio.create_task(stream._run_forever())  # `run` would start an event loop of its own
    try:
        await asyncio.gather(
            asyncio.shield(streaming), follow_clock(Client(settings).look_at_clock, stream.on_clock)
        )
    finally:
        await stream.drain()
        await streaming


if __name__ == "__main__":
    sys.exit(run("market-data", work))
