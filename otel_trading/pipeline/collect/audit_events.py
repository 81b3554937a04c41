"""The audit events: what must survive whatever happens to the process, the network or the backends."""

from __future__ import annotations

from typing import Final

AUDIT: Final = ("trading.order.", "trading.execution.", "trading.risk.limit.", "trading.kill_switch.")
"""How the names of audit events begin: orders, fills, rejects, limit breaches, and the kill switch."""


def is_audit(event_name: str) -> bool:
    """Return whether an event gives way last and goes to the journal."""
    return event_name.startswith(AUDIT)
