"""An operation: one `with` block that becomes a span and a duration."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from math import nan
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING

from opentelemetry.trace import INVALID_SPAN, Span

from otel_trading._guard import report
from otel_trading.recording import Histogram

if TYPE_CHECKING:
    from typing_extensions import Self

Opened = AbstractContextManager[Span]
"""A span that opens on entry, as `tracing.span` returns it."""


class Timed:
    """Times one `with` block inside a span of its own; an error in the block propagates unchanged.

    Args:
        span: The span to open, from `tracing.span`.
        duration: The histogram for a block that succeeds, in seconds; None to record nothing.
        failed: Returns the histogram for a block that raised; without it, `duration` records those too.

    Attributes:
        span: The open span, for attributes of your own.
    """

    __slots__ = ("_duration", "_failed", "_opened", "_start", "span")

    def __init__(
        self,
        span: Opened,
        duration: Histogram | None = None,
        failed: Callable[[BaseException], Histogram] | None = None,
    ) -> None:
        self._opened = span
        self._duration = duration
        self._failed = failed
        self._start = nan  # a block that was never entered gives NaN, which no histogram records
        self.span: Span = INVALID_SPAN

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        elapsed = perf_counter() - self._start
        try:  # before the span ends, so that the exemplar carries its ids
            self._finish(elapsed, error)
        except Exception as failure:  # noqa: BLE001 - the block's own result counts, not ours
            report("end of an operation", failure)
        self._opened.__exit__(kind, error, traceback)

    def _finish(self, elapsed: float, error: BaseException | None) -> None:
        duration = self._duration if error is None or self._failed is None else self._failed(error)
        if duration is not None:
            duration.record(elapsed)


class Operation(Timed):
    """A timed block whose `with` statement binds the operation itself."""

    __slots__ = ()

    def __enter__(self) -> Self:
        self.span = self._opened.__enter__()
        self._start = perf_counter()
        return self
