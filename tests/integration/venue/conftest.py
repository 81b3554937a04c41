"""A venue on a free loopback port, in its own thread, and the broker's real clients."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
import requests
from alpaca.data.live import StockDataStream
from alpaca.trading.client import TradingClient
from alpaca.trading.stream import TradingStream
from trading_system.venue.server import serve
from trading_system.venue.ticks import Quote, Tick
from trading_system.venue.venue import ClientCredentials, Source

PATIENCE = 20
KEY, SECRET = "key", "secret"
HEADERS = {"APCA-API-KEY-ID": KEY, "APCA-API-SECRET-KEY": SECRET}
NEVER = 3600.0


QUOTE = Quote("IBM", 1_820_000, 300, "N", 1_820_200, 300, "N", ("R",))


@pytest.fixture(name="wait_until")
def _wait_until() -> Callable[[Callable[[], Any], str], None]:
    return wait_until


def wait_until(condition: Callable[[], Any], sentence: str) -> None:
    pause = threading.Event()
    for _ in range(PATIENCE * 100):
        if condition():
            return
        pause.wait(0.01)
    pytest.fail(f"waited {PATIENCE} s and {sentence} did not happen")


class RunningVenue:
    """A venue with the ticks of a test; after the last one the market pauses."""

    def __init__(self, ticks: Iterator[tuple[float, Tick]]) -> None:
        self._source = Source(("IBM",), ticks)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self._ready.wait(PATIENCE)

    def _run(self) -> None:
        with suppress(RuntimeError):
            serving = serve(
                self._source, ClientCredentials(KEY, SECRET), self._listening, self._stopping, self._ready.set
            )
            self._loop.run_until_complete(serving)
        self._loop.close()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()

    def control(self, method: str, path: str, body: Any = None) -> Any:
        url = f"http://{self.address}/control/{path}"
        return requests.request(method, url, json=body, timeout=PATIENCE).json()

    def counts(self) -> Any:
        return self.control("GET", "counts")

    def subscribers(self) -> Any:
        return self.control("GET", "health")["subscribers"]

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        options = {"headers": HEADERS, "timeout": PATIENCE, **options}
        return requests.request(method, f"http://{self.address}/v2/{path}", **options)

    def fault(self, name: str, seconds: float = 60, **parameters: float) -> None:
        assert "active" in self.control("POST", "faults", {"name": name, "seconds": seconds, **parameters})

    def client(self, secret: str = SECRET) -> TradingClient:
        return TradingClient(KEY, secret, url_override=f"http://{self.address}")


class Listening:
    """One of the broker's stream clients, running in a thread, and the messages that it received."""

    def __init__(self, stream: Any) -> None:
        self.messages: list[Any] = []
        self.stream = stream
        self._thread = threading.Thread(target=stream.run)

    async def keep(self, message: Any) -> None:
        self.messages.append(message)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Request the client to stop; it notices when the venue closes the connection."""
        with suppress(Exception):
            self.stream.stop()

    def join(self) -> None:
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()


class Floor:
    """A venue and the clients that a test connects to it."""

    def __init__(self, venue: RunningVenue) -> None:
        self.venue = venue
        self._listening: list[Listening] = []

    def market_data(self, *, raw: bool = True) -> Listening:
        url = f"ws://{self.venue.address}/v2/sip"
        listening = Listening(StockDataStream(KEY, SECRET, raw_data=raw, url_override=url))
        listening.stream.subscribe_quotes(listening.keep, "IBM")
        listening.stream.subscribe_trades(listening.keep, "IBM")
        return self._started(listening)

    def trade_updates(self) -> Listening:
        url = f"ws://{self.venue.address}/stream"
        listening = Listening(TradingStream(KEY, SECRET, url_override=url))
        listening.stream.subscribe_trade_updates(listening.keep)
        self._started(listening)
        wait_until(lambda: self.venue.subscribers()["trade_updates"], "the trade updates to be subscribed")
        return listening

    def open_market(self) -> None:
        self.venue.control("POST", "market", {"running": True})

    def close(self) -> None:
        for listening in self._listening:
            listening.stop()
        self.venue.stop()
        for listening in self._listening:
            listening.join()

    def _started(self, listening: Listening) -> Listening:
        self._listening.append(listening)
        listening.start()
        return listening


@pytest.fixture
def floors() -> Iterator[Callable[..., Floor]]:
    """Return a function that opens a venue with the given ticks."""
    opened: list[Floor] = []

    def open_floor(*ticks: Tick, every: float = 0.0) -> Floor:
        timed = [(number * every, tick) for number, tick in enumerate(ticks)]
        opened.append(Floor(RunningVenue(iter([*timed, (NEVER, QUOTE)]))))
        return opened[-1]

    yield open_floor
    for floor in opened:
        floor.close()


@pytest.fixture
def floor(floors: Callable[..., Floor]) -> Floor:
    """A venue with an open market: IBM, 182.00 x 182.02, 300 shares a side."""
    opened = floors(QUOTE)
    opened.open_market()
    wait_until(lambda: opened.venue.counts()["ticks"]["produced"] == 1, "the first tick")
    return opened
