"""Audit events: events that must survive a failure of the process, the network and the backends."""

from __future__ import annotations

from typing import Final

AUDIT: Final = ("trading.order.", "trading.execution.", "trading.risk.limit.", "trading.kill_switch.")
"""Prefixes of the names of audit events: orders, fills, rejects, limit breaches, and the kill switch."""


def is_audit(event_name: str) -> bool:
    """Return whether an event is journaled, and evicted from a queue last.

    Args:
        event_name: The name of the event, such as "trading.order.filled".
    """
    return event_name.startswith(AUDIT)
