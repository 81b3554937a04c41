"""Session: whether the market is open, as the venue's clock says; out of session a connection is idle."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import otel_trading as ot
from trading_system.gateway import Clock, RequestError

CHECK = 1.0
"""Seconds between two looks at the clock."""

_log = logging.getLogger(__name__)


async def follow_clock(look: Callable[[], Clock], tell: Callable[[Clock], None]) -> None:
    """Look at the venue's clock again and again; between two answers the last one holds.

    Args:
        look: The request, which blocks.
        tell: Called with each answer.
    """
    while True:
        try:
            tell(await asyncio.to_thread(look))
        except RequestError as error:
            _log.warning("the venue did not tell the time: %s", error)
        await asyncio.sleep(CHECK)


def follow_session(connection: ot.Feed | ot.Venue, *, is_open: bool, is_up: bool) -> None:
    """Tell a connection that it is out of session, whatever becomes of it, and when it is in session again.

    Args:
        connection: A feed or a venue.
        is_open: Whether the market is.
        is_up: Whether messages can come and go.
    """
    if not is_open:
        connection.idle()
    elif connection.state == "idle" and is_up:
        connection.connected()
    elif connection.state == "idle":
        connection.disconnected()
