"""Stream: the two WebSockets, for market data in msgpack and for trade updates in JSON."""

import asyncio
import json
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import msgpack
from starlette.websockets import WebSocket, WebSocketDisconnect

from trading_system.venue.feed import CHANNELS, Outbox, Subscriber
from trading_system.venue.venue import ClientCredentials, SimulatedVenue
from trading_system.venue.wire import Json, batch

SILENT_POLL = 0.05
DROPPED = 1011


async def market_data(socket: WebSocket) -> None:
    """Serve `/v2/{feed}`: greet, authenticate, accept subscriptions, then send batches of ticks."""
    venue: SimulatedVenue = socket.app.state.venue
    if not await _accepted(venue, socket):
        return
    subscriber = Subscriber()
    sender = _TickSender(venue, socket, subscriber)
    await _send_data(socket, {"T": "success", "msg": "connected"})
    try:
        await _run(venue, socket, _serve_data_client(venue, socket, subscriber), sender.run())
    finally:
        venue.feed.leave(subscriber, sender.in_flight)


async def trade_updates(socket: WebSocket) -> None:
    """Serve `/stream`: authenticate, accept "listen", then send one message per trade update."""
    venue: SimulatedVenue = socket.app.state.venue
    if not await _accepted(venue, socket):
        return
    outbox = Outbox()
    try:
        await _run(
            venue, socket, _serve_update_client(venue, socket, outbox), _send_updates(venue, socket, outbox)
        )
    finally:
        venue.listeners.discard(outbox)


async def _accepted(venue: SimulatedVenue, socket: WebSocket) -> bool:
    if venue.faults.active("drop_connections"):
        await socket.close()
        return False
    await socket.accept()
    return True


async def _run(
    venue: SimulatedVenue, socket: WebSocket, obey: Coroutine[Any, Any, None], send: Coroutine[Any, Any, None]
) -> None:
    """Receive and send until the client disconnects, or until a fault drops the connection."""
    dropped = asyncio.create_task(venue.dropped.wait())
    tasks: set[asyncio.Task[Any]] = {asyncio.create_task(obey), asyncio.create_task(send), dropped}
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    if dropped in done:
        with suppress(WebSocketDisconnect):
            await socket.close(DROPPED)
    for outcome in outcomes:
        if isinstance(outcome, Exception) and not isinstance(outcome, (WebSocketDisconnect, OSError)):
            raise outcome


async def _received(socket: WebSocket) -> bytes:
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message["code"])
    text: str = message.get("text") or ""
    return message.get("bytes") or text.encode()


async def _silence(venue: SimulatedVenue) -> None:
    while venue.faults.active("half_open"):  # noqa: ASYNC110 - the fault can expire without an event
        await asyncio.sleep(SILENT_POLL)


# --- market data


async def _send_data(socket: WebSocket, message: Json) -> None:
    await socket.send_bytes(msgpack.packb([message]))


async def _serve_data_client(venue: SimulatedVenue, socket: WebSocket, subscriber: Subscriber) -> None:
    is_authenticated = False
    while True:
        request = _unpacked(await _received(socket))
        action = request.get("action")
        if action == "auth":
            is_authenticated = (
                ClientCredentials(str(request.get("key")), str(request.get("secret"))) == venue.credentials
            )
            answer: Json = {"T": "success", "msg": "authenticated"}
            await _send_data(
                socket, answer if is_authenticated else {"T": "error", "code": 402, "msg": "auth failed"}
            )
        elif not is_authenticated:
            await _send_data(socket, {"T": "error", "code": 401, "msg": "not authenticated"})
        elif action in {"subscribe", "unsubscribe"}:
            change = subscriber.subscribe if action == "subscribe" else subscriber.unsubscribe
            for channel in CHANNELS:
                change(channel, [str(symbol) for symbol in request.get(channel) or ()])
            # The answer has to precede the first tick, as at the real broker.
            await _send_data(
                socket,
                {"T": "subscription", **{name: sorted(subscriber.channels[name]) for name in CHANNELS}},
            )
            venue.feed.join(subscriber)
        else:
            await _send_data(socket, {"T": "error", "code": 400, "msg": "invalid syntax"})


def _unpacked(data: bytes) -> Json:
    try:
        request = msgpack.unpackb(data)
    except (ValueError, msgpack.UnpackException):
        return {}
    return request if isinstance(request, dict) else {}


class _TickSender:
    """Sends a subscriber's ticks in batches; `in_flight` counts ticks taken from the outbox and not sent."""

    def __init__(self, venue: SimulatedVenue, socket: WebSocket, subscriber: Subscriber) -> None:
        self.in_flight = 0
        self._venue = venue
        self._socket = socket
        self._outbox = subscriber.outbox

    async def run(self) -> None:
        while True:
            ticks = await self._outbox.take()
            self.in_flight = len(ticks)
            await _silence(self._venue)
            await self._socket.send_bytes(batch([message for _, message in ticks]))
            self.in_flight = 0
            self._venue.feed.sent(symbol for symbol, _ in ticks)


# --- trade updates


async def _serve_update_client(venue: SimulatedVenue, socket: WebSocket, outbox: Outbox) -> None:
    is_authenticated = False
    while True:
        request = _decoded(await _received(socket))
        action, data = request.get("action"), request.get("data")
        data = data if isinstance(data, dict) else {}
        if action == "authenticate":
            shown = ClientCredentials(str(data.get("key_id")), str(data.get("secret_key")))
            is_authenticated = shown == venue.credentials
            status = "authorized" if is_authenticated else "unauthorized"
            await socket.send_json(
                {"stream": "authorization", "data": {"status": status, "action": "authenticate"}}
            )
        elif action == "listen" and is_authenticated:
            streams = [name for name in (data.get("streams") or ()) if name == "trade_updates"]
            if streams:
                venue.listeners.add(outbox)
            else:
                venue.listeners.discard(outbox)
            await socket.send_json({"stream": "listening", "data": {"streams": streams}})
        else:
            error = "invalid syntax" if is_authenticated else "not authenticated"
            await socket.send_json({"stream": "listening", "data": {"streams": [], "error": error}})


def _decoded(data: bytes) -> Json:
    try:
        request = json.loads(data)
    except ValueError:
        return {}
    return request if isinstance(request, dict) else {}


async def _send_updates(venue: SimulatedVenue, socket: WebSocket, outbox: Outbox) -> None:
    while True:
        for _, message in await outbox.take():
            await _silence(venue)
            await socket.send_text(message.decode())
