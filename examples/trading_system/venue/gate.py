"""Gate: break the venue's TCP connections on demand, except those to the control interface."""

import asyncio
import re

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from trading_system.venue.faults import Faults

_REQUEST = re.compile(rb"[A-Z]+ (/\S*) HTTP/1")


class Gate:
    """The open HTTP connections, and those that a fault keeps silent."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self._connections: set[GatedProtocol] = set()
        self._held: set[GatedProtocol] = set()

    def opened(self, connection: "GatedProtocol") -> None:
        """Register a new connection."""
        self._connections.add(connection)

    def closed(self, connection: "GatedProtocol") -> None:
        """Remove a connection that ended or became a WebSocket."""
        self._connections.discard(connection)
        self._held.discard(connection)

    def admits(self, connection: "GatedProtocol") -> bool:
        """Return whether data may pass; if not, break the connection or keep it silent."""
        if connection.is_control:
            return True
        if self.faults.active("refuse_connections"):
            connection.transport.abort()
            return False
        if fault := self.faults.active("half_open"):
            self._held.add(connection)
            connection.loop.call_at(fault.until, self.release)
        return connection not in self._held

    def refuse(self) -> None:
        """Break the idle connections that clients keep open for their next request."""
        for connection in [*self._connections]:
            if not connection.is_control:
                connection.transport.abort()

    def release(self) -> None:
        """Break the silent connections, unless the fault is still active."""
        if not self.faults.active("half_open"):
            for connection in [*self._held]:
                connection.transport.abort()

    def protocol(self) -> type["GatedProtocol"]:
        """Return the protocol class of the server's connections."""
        return type("GatedProtocol", (GatedProtocol,), {"gate": self})


class GatedProtocol(H11Protocol):
    """An HTTP connection whose data has to pass the gate."""

    gate: Gate
    is_control = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Register with the gate."""
        super().connection_made(transport)
        self.gate.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Deregister from the gate."""
        self.gate.closed(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Pass data on if the gate admits it; the request line shows whether it is for `/control`."""
        if match := _REQUEST.match(data):
            self.is_control = match[1].startswith(b"/control")
        if self.gate.admits(self):
            super().data_received(data)

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Deregister from the gate: the WebSocket protocol owns the connection now."""
        self.gate.closed(self)
        super().handle_websocket_upgrade(event)
