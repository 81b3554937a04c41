"""Session: follow the venue's clock, and mark connections as idle while the market is closed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import otel_trading as ot
from trading_system.gateway import RequestError, VenueClock

CHECK_INTERVAL = 1.0
"""Seconds between two requests of the clock."""

_log = logging.getLogger(__name__)


async def follow_clock(get_clock: Callable[[], VenueClock], on_answer: Callable[[VenueClock], None]) -> None:
    """Request the venue's clock at intervals until cancelled; a failed request keeps the last answer.

    Args:
        get_clock: The request, which blocks and therefore runs in a thread.
        on_answer: Called with each answer.
    """
    while True:
        try:
            on_answer(await asyncio.to_thread(get_clock))
        except RequestError as error:
            _log.warning("the request for the venue's clock failed: %s", error)
        await asyncio.sleep(CHECK_INTERVAL)


def follow_session(connection: ot.Feed | ot.Venue, *, is_open: bool, is_up: bool) -> None:
    """Set a connection to idle while the market is closed, and to its real state when the market opens.

    A lost connection outside trading hours should not raise an alert, so `idle` covers it as well.

    Args:
        connection: A feed or a venue.
        is_open: Whether the market is open.
        is_up: Whether the connection can carry messages.
    """
    if not is_open:
        connection.idle()
    elif connection.state == "idle" and is_up:
        connection.connected()
    elif connection.state == "idle":
        connection.disconnected()
