"""Service: the start, the sockets and the clean shutdown that all four services share."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import zmq
import zmq.asyncio

import otel_trading as ot
from trading_system.drill import Drill
from trading_system.parent import parent_gone
from trading_system.settings import SettingsError, SystemSettings

VENUE = "SIM"
"""The name of the simulated venue. For a real venue, use its MIC (ISO 10383)."""

ACCOUNT = "demo"

HIGH_WATER = 10_000
"""Messages that may wait in a socket, or in a queue behind one.

Once a PUSH socket reaches it, `send` waits; a PUB socket drops the message instead:
https://zguide.zeromq.org/docs/chapter2/#High-Water-Marks
"""

_BEAT = 1.0
_LINGER_MS = 1000
_USAGE_ERROR = 2

_log = logging.getLogger(__name__)

Context = zmq.asyncio.Context
Socket = zmq.asyncio.Socket
Work = Callable[[SystemSettings, Context, Drill], Coroutine[Any, Any, None]]


def run(name: str, work: Work) -> int:
    """Run a service until SIGTERM or SIGINT, or until the process that started it has ended.

    Args:
        name: The service's name in traces, metrics and logs.
        work: The service's own coroutine, which runs until it is cancelled and may offer commands to a drill.

    Returns:
        The exit code: 0 after a clean end, 1 after a failure, 2 if the service could not start. The reason
        for a 2 is printed to stderr as one sentence.
    """
    try:
        settings = SystemSettings.from_environ()
        telemetry = ot.configure(name)
    except (SettingsError, ot.ConfigurationError) as error:
        print(f"{name}: {error}", file=sys.stderr)
        return _USAGE_ERROR
    with telemetry:
        code = asyncio.run(_until_stopped(name, work, settings))
        ended = time.monotonic()
    # The figures are read after the last export, so that they include every item lost during the shutdown.
    health, took = telemetry.health().as_dict(), round(time.monotonic() - ended, 3)
    print(json.dumps({"message": "telemetry", "service": name, "health": health, "exit_s": took}), flush=True)
    return code


def bind(context: Context, kind: int, url: str) -> Socket:
    """Return a socket bound to `url`, to which other services connect.

    Raises:
        SettingsError: The socket cannot be bound to the address.
    """
    socket = _socket(context, kind)
    try:
        socket.bind(url)
    except zmq.ZMQError as error:
        socket.close()
        reason = zmq.strerror(error.errno or 0)
        raise SettingsError(f"cannot bind {url} ({reason}); is another system running?") from error
    return socket


def connect(context: Context, kind: int, url: str) -> Socket:
    """Return a socket that connects to `url`, now or as soon as the other side is bound."""
    socket = _socket(context, kind)
    socket.connect(url)
    return socket


async def messages(socket: Socket, channel: ot.Channel) -> AsyncIterator[list[bytes]]:
    """Yield messages as they arrive. `channel.receive` times the receive, not the wait before it."""
    while True:
        await socket.poll()
        with channel.receive():
            frames = await socket.recv_multipart()
        yield frames


def _socket(context: Context, kind: int) -> Socket:
    socket = context.socket(kind)
    socket.linger = _LINGER_MS
    socket.set_hwm(HIGH_WATER)
    return socket


async def _until_stopped(name: str, work: Work, settings: SystemSettings) -> int:
    loop = asyncio.get_running_loop()
    context, drill = Context(), Drill()
    working = asyncio.create_task(work(settings, context, drill), name=name)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, working.cancel)
    background = [
        ot.monitor_event_loop(),
        asyncio.create_task(_beat()),
        asyncio.create_task(_stop_without_parent(working)),
    ]
    if settings.drill_url:
        commands = connect(context, zmq.SUB, settings.drill_url)
        commands.subscribe(name.encode())
        background.append(asyncio.create_task(drill.listen(commands)))
    try:
        await asyncio.wait([working])
    finally:
        # The service's own task has ended, so nothing sends any more. The background tasks go first, because
        # one of them reads a socket of the context. `destroy` then gives the last messages `_LINGER_MS` to
        # leave; without this limit it could wait forever for a peer that has already ended (ZMQ_LINGER):
        # https://libzmq.readthedocs.io/en/latest/zmq_setsockopt.html
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        context.destroy(_LINGER_MS)
    return _exit_code(name, working)


def _exit_code(name: str, ended: asyncio.Task[None]) -> int:
    error = None if ended.cancelled() else ended.exception()
    if isinstance(error, SettingsError):
        print(f"{name}: {error}", file=sys.stderr)
        return _USAGE_ERROR
    if error is not None:
        _log.error("the service failed", exc_info=error)
        return 1
    return 0


async def _beat() -> None:
    while True:
        ot.heartbeat()
        await asyncio.sleep(_BEAT)


async def _stop_without_parent(working: asyncio.Task[None]) -> None:
    await parent_gone()
    working.cancel()
