"""Faults: the script of a run, which shows every kind of fault once."""

from __future__ import annotations

from typing import Any, NamedTuple


class ScriptStep(NamedTuple):
    """One fault of the script.

    Attributes:
        at: When the fault begins, as a share of the run from 0 to 1.
        name: The name of the venue's fault, or of the service's drill command.
        lasts: How long the fault lasts, as a share of the run; at most `LONGEST` seconds. A service's fault
            lasts until the command that ends it.
        description: The text that the terminal shows.
        parameters: The parameters of the fault.
        service: The service that gets the command; empty for a fault of the venue.
    """

    at: float
    name: str
    lasts: float
    description: str
    parameters: dict[str, Any]
    service: str = ""


LONGEST = 6.0
"""Seconds that a fault of the venue lasts at most."""

SCRIPT = (
    ScriptStep(0.25, "sequence_gap", 0.12, "the feed loses messages", {"share": 0.02}),
    ScriptStep(0.30, "crossed_quotes", 0.12, "quotes are crossed", {"share": 0.05}),
    ScriptStep(0.30, "bad_quotes", 0.12, "quotes without prices", {"share": 0.05}),
    ScriptStep(0.42, "http_5xx", 0.12, "the venue answers 503", {"share": 0.5}),
    ScriptStep(0.52, "slippage", 0.10, "fills are worse than quoted", {"bps": 5}),
    ScriptStep(0.52, "duplicate_fill", 0.18, "fills are reported twice", {"share": 1.0}),
    ScriptStep(0.62, "rejects", 0.08, "the venue rejects orders", {"share": 0.5}),
    ScriptStep(0.72, "drop_connections", 0.06, "the connections drop", {}),
    ScriptStep(0.80, "limit", 0, "a limit is lowered", {"name": "position", "value": 100}, "risk-manager"),
    ScriptStep(0.92, "limit", 0, "the limit is restored", {"name": "position", "value": 600}, "risk-manager"),
)
"""The steps, in the order of `at`."""
