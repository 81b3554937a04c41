"""Server: serve requests, streams and control on one port."""

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute

from trading_system.parent import parent_gone
from trading_system.venue import control, rest, streams
from trading_system.venue.venue import ClientCredentials, SimulatedVenue, Source

GRACE = 1


class _VenueServer(uvicorn.Server):
    """A uvicorn server that leaves signals to `serve` and calls `on_ready` when it listens."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def application(venue: SimulatedVenue) -> Starlette:
    """Return the web application of a venue."""
    app = Starlette(
        routes=[
            *rest.routes(),
            *control.routes(),
            WebSocketRoute("/v2/{feed}", streams.market_data),
            WebSocketRoute("/stream", streams.trade_updates),
        ]
    )
    app.state.venue = venue
    return app


async def serve(
    source: Source,
    credentials: ClientCredentials,
    listening: socket.socket,
    stopping: asyncio.Event,
    on_ready: Callable[[], None],
) -> None:
    """Run a venue until `stopping` is set.

    Args:
        source: The ticks.
        credentials: The key that clients have to present.
        listening: A bound socket, which is closed at the end.
        stopping: Ends the venue when it is set.
        on_ready: Called once when the venue accepts connections.
    """
    venue = SimulatedVenue(source, credentials)
    config = uvicorn.Config(
        application(venue),
        http=venue.gate.protocol(),
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=GRACE,
    )
    server = _VenueServer(config, on_ready)
    background = [asyncio.create_task(venue.run()), asyncio.create_task(_stop(server, stopping))]
    try:
        await server.serve(sockets=[listening])
    finally:
        venue.close_market()
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)


async def _stop(server: uvicorn.Server, stopping: asyncio.Event) -> None:
    await stopping.wait()
    server.should_exit = True


async def stop_without_parent(stopping: asyncio.Event) -> None:
    """Set `stopping` when the parent of this process has ended."""
    await parent_gone()
    stopping.set()


def stop_on_signals(stopping: asyncio.Event) -> None:
    """Set `stopping` on SIGTERM and SIGINT."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
