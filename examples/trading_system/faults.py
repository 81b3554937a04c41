"""Faults: the script of a run, so that every kind of trouble is seen once."""

from __future__ import annotations

from typing import Any, NamedTuple


class Step(NamedTuple):
    """One fault of the script.

    Attributes:
        at: When it begins, as a share of the run.
        name: As the venue calls it, or the service.
        lasts: How long, as a share of the run; at most `LONGEST` seconds. A service's fault lasts until the
            command that ends it.
        says: What the terminal says.
        parameters: Of the fault.
        service: Whose fault it is, where it is not the venue's.
    """

    at: float
    name: str
    lasts: float
    says: str
    parameters: dict[str, Any]
    service: str = ""


LONGEST = 6.0

SCRIPT = (
    Step(0.25, "sequence_gap", 0.12, "the feed loses messages", {"share": 0.02}),
    Step(0.30, "crossed_quotes", 0.12, "quotes are crossed", {"share": 0.05}),
    Step(0.30, "bad_quotes", 0.12, "quotes without prices", {"share": 0.05}),
    Step(0.42, "http_5xx", 0.12, "the venue answers 503", {"share": 0.5}),
    Step(0.52, "slippage", 0.10, "fills are worse than quoted", {"bps": 5}),
    Step(0.52, "duplicate_fill", 0.18, "fills are reported twice", {"share": 1.0}),
    Step(0.62, "rejects", 0.08, "the venue rejects orders", {"share": 0.5}),
    Step(0.72, "drop_connections", 0.06, "the connections drop", {}),
    Step(0.80, "limit", 0, "a limit is lowered", {"name": "position", "value": 100}, "risk-manager"),
    Step(0.92, "limit", 0, "and raised again", {"name": "position", "value": 600}, "risk-manager"),
)
"""In the order of `at`."""
