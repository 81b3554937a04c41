"""Bars: the limits for the ratios of the benchmarks, in pure Python and compiled.

The `ratios()` of a `bench_*.py` return `name -> number`. A bar defines whether it is a lower or an upper
limit.
"""

from __future__ import annotations

from typing import Final, NamedTuple

WHY = "docs/reference/performance.md#bars-that-are-not-reached-and-what-comes-closest"


class Bar(NamedTuple):
    """One row of the table.

    Attributes:
        pure: The limit for the pure Python form.
        compiled: The limit for the compiled form.
        heading: The heading of the row.
        highest: Whether the limit is an upper one, as for a cost, or a lower one, as for a gain.
        keeps: For each form, the weaker limit that holds while the bar cannot be reached, with room for
            noise; None if the bar itself holds. `WHY` gives the reasons.
    """

    pure: float
    compiled: float
    heading: str
    highest: bool = False
    keeps: tuple[float | None, float | None] = (None, None)

    def of(self, form: str) -> float:
        """Return the bar of a form, "pure Python" or "compiled"."""
        return self.compiled if form == "compiled" else self.pure

    def is_held(self, form: str, ratio: float) -> bool:
        """Return whether `ratio` reaches the bar."""
        return self._reaches(self.of(form), ratio)

    def kept(self, form: str) -> float | None:
        """Return the weaker limit of a form, or None if the bar itself holds."""
        return self.keeps[form == "compiled"]

    def is_kept(self, form: str, ratio: float) -> bool:
        """Return whether `ratio` reaches the bar or the weaker limit."""
        kept = self.kept(form)
        return self.is_held(form, ratio) or (kept is not None and self._reaches(kept, ratio))

    def _reaches(self, limit: float, ratio: float) -> bool:
        return ratio <= limit if self.highest else ratio >= limit

    def text(self, form: str) -> str:
        """Return the bar of a form as text for a table."""
        return self.limit(self.of(form))

    def limit(self, number: float) -> str:
        """Return a limit as text, with the sign of the comparison."""
        return f"{'≤' if self.highest else '≥'} {number:g}"


BARS: Final = {
    "record_vs_raw": Bar(30, 250, "bound `record` faster than the SDK's"),
    "record_vs_prometheus": Bar(3.5, 30, "bound `record` faster than prometheus_client's bound `observe`"),
    "add_vs_raw": Bar(80, 400, "bound `add` faster than the SDK's"),
    "time_vs_two_clocks": Bar(
        4, 1.5, "`with handle.time():` to two bare reads of the clock", highest=True, keeps=(9, 2.3)
    ),
    "tail_vs_median": Bar(
        4, 4, "p99.9 of `record` during export to its own median", highest=True, keeps=(8, 16)
    ),
    "collection_vs_raw": Bar(
        1.5, 1.2, "collection per series to the SDK's", highest=True, keeps=(None, 1.35)
    ),
    "memory_vs_prometheus": Bar(1, 1, "memory per histogram to prometheus_client's", highest=True),
    "lost_updates": Bar(0, 0, "lost of 4 threads of 1 M records, while collecting", highest=True),
    "market_data_loop": Bar(
        1.10,
        1.03,
        "the example's market-data loop to the same without telemetry",
        highest=True,
        keeps=(5, 4.2),
    ),
    "import_vs_sdk": Bar(
        1.3,
        1.3,
        "`import otel_trading` to importing the SDK's metrics and traces",
        highest=True,
        keeps=(1.45, 1.45),
    ),
    "span_sampled": Bar(8, 12, "sampled `traced` call cheaper than the SDK's span and record"),
    "span_deferred": Bar(12, 25, "the same, ends deferred", keeps=(None, 23)),
    "span_unsampled": Bar(9, 40, "the same, not sampled", keeps=(8.5, 27)),
    "log": Bar(2, 2, "log line in a span cheaper than through the SDK's handler"),
    "log_extra": Bar(2, 2, "the same, with three attributes"),
}
"""The bars by the name of the ratio. A ratio without a bar is shown and not judged."""
