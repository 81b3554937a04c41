"""Table: formats the results of the drills, for the documentation and as JSON."""

from __future__ import annotations

import statistics
from typing import Any

from tools.drills.conductor import Record
from tools.drills.drill import Result


def markdown(results: list[Result]) -> str:
    """Return a Markdown table with a row for each result."""
    head = "| alert | fault | fired after | at most | resolved after | sent |\n|--|--|--|--|--|--|\n"
    return head + "".join(
        f"| {r.drill.alert} ({r.drill.priority}) | {r.drill.fault} | {_seconds(r.detected)} "
        f"| {r.drill.within:.0f} s | {_seconds(r.resolved)} | {r.notices} |\n"
        for r in results
    )


def figures(record: Record) -> dict[str, Any]:
    """Return the mean and worst times, the number of missed alerts, and the noise."""
    found = {}
    for priority in ("P0", "P1", "P2"):
        results = [r for r in record.results if r.drill.priority == priority]
        if results:
            found[priority] = {
                "drills": len(results),
                "missed": sum(r.detected is None for r in results),
                "detect": _spread([r.detected for r in results]),
                "resolve": _spread([r.resolved for r in results]),
            }
    noise = sorted({notice.alert for notice in record.noise})
    return {"seconds": round(record.seconds), "noise": noise, "by_priority": found}


def as_json(record: Record) -> dict[str, Any]:
    """Return all results and figures in the structure of the JSON file."""
    rows = [
        {
            "alert": r.drill.alert,
            "priority": r.drill.priority,
            "fault": r.drill.fault,
            "detected": _rounded(r.detected),
            "resolved": _rounded(r.resolved),
            "within": r.drill.within,
            "resolves_within": r.drill.resolves_within,
            "notices": r.notices,
            "passed": r.passed,
        }
        for r in record.results
    ]
    return {**figures(record), "drills": rows}


def _spread(seconds: list[float | None]) -> dict[str, float] | None:
    known = [one for one in seconds if one is not None]
    if not known:
        return None
    mean, median = statistics.fmean(known), statistics.median(known)
    return {"mean": round(mean, 1), "median": round(median, 1), "worst": round(max(known), 1)}


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)


def _seconds(seconds: float | None) -> str:
    return "**never**" if seconds is None else f"{seconds:.1f} s"
