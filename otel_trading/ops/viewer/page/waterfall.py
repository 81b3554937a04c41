"""The waterfall: the spans of a trace, each below its parent, on one scale in microseconds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from math import floor, log10
from typing import Final, NamedTuple

from otel_trading.ops.viewer.records import StoredSpan

HUES: Final = 6
"""The number of colours; further services reuse them, and their names distinguish them."""

_TICKS: Final = 5


class Row(NamedTuple):
    """One line of the waterfall.

    Attributes:
        span: The span.
        depth: The indentation level.
        hue: The number of the colour of its service.
        offset_ns: The start of the span since the start of the trace.
        left: The begin of the bar, in percent of the visible period.
        width: The width of the bar, in percent of the visible period.
    """

    span: StoredSpan
    depth: int
    hue: int
    offset_ns: int
    left: float
    width: float


def rows(spans: Sequence[StoredSpan], begin: int, end: int) -> list[Row]:
    """Return a row for each span, below the row of its parent.

    Args:
        spans: The spans of one trace by their start; a span whose parent is missing is not indented.
        begin: The begin of the visible period in unix nanoseconds.
        end: The end of the visible period, later than `begin`.
    """
    hues = {service: i % HUES for i, service in enumerate(dict.fromkeys(span.service for span in spans))}
    first = spans[0].start_ns
    return [
        Row(span, depth, hues[span.service], span.start_ns - first, *_bar(span, begin, end))
        for span, depth in _by_parent(spans)
    ]


def scale(begin: int, end: int, zero: int) -> list[tuple[float, str]]:
    """Return the ticks of the scale: the position in percent, and the microseconds since `zero`."""
    step = _round_step((end - begin) / _TICKS)
    first = (begin - zero + step - 1) // step * step
    return [
        ((at + zero - begin) / (end - begin) * 100, f"{at / 1000:,.{0 if step >= 1000 else 3}f}")  # noqa: PLR2004
        for at in range(first, end - zero + 1, step)
    ]


def _by_parent(spans: Sequence[StoredSpan]) -> Iterator[tuple[StoredSpan, int]]:
    known = {span.span_id for span in spans}
    children: defaultdict[str, list[StoredSpan]] = defaultdict(list)
    for span in spans:
        # A parent may be missing because it was sampled out, is not finished, or was evicted.
        is_top = span.parent_id not in known or span.parent_id == span.span_id
        children["" if is_top else span.parent_id].append(span)
    waiting, seen = [(span, 0) for span in reversed(children[""])], set[int]()
    while waiting:
        span, depth = waiting.pop()
        seen.add(id(span))
        yield span, depth
        waiting += [(child, depth + 1) for child in reversed(children.pop(span.span_id, []))]
    yield from ((span, 0) for span in spans if id(span) not in seen)  # spans whose parents form a cycle


def _bar(span: StoredSpan, begin: int, end: int) -> tuple[float, float]:
    share = 100 / (end - begin)
    left = min(100.0, max(0.0, (span.start_ns - begin) * share))
    right = min(100.0, max(left, (max(span.start_ns, span.end_ns) - begin) * share))
    return round(left, 3), round(right - left, 3)


def _round_step(size: float) -> int:
    """Return 1, 2 or 5 times a power of ten, at least `size`."""
    power = 10 ** floor(log10(max(size, 1)))
    return int(next(factor * power for factor in (1, 2, 5, 10) if factor * power >= size))
