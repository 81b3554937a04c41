"""An operation: one `with` block that becomes a span and a duration."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from math import nan
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING

from opentelemetry.trace import INVALID_SPAN, Span

from otel_trading._guard import guard
from otel_trading.recording import Histogram

if TYPE_CHECKING:
    from typing_extensions import Self

Opened = AbstractContextManager[Span]
"""A span that is yet to be opened, as `tracing.span` gives it."""


class Timed:
    """Times one `with` block inside a span of its own; an error in the block goes on as it came.

    Args:
        span: The span to open, from `tracing.span`.
        duration: What records the seconds of a block that succeeds; None if they are not recorded.
        failed: Gives the histogram for a block that raised; without it, `duration` records those too.

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
        self._start = nan  # so that a block that was never entered is no value
        self.span: Span = INVALID_SPAN

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        elapsed = perf_counter() - self._start
        try:  # while the span is current, so that an exemplar leads to it
            self._finish(elapsed, error)
        except Exception:
            with guard("end of an operation"):  # only where it failed: an operation can be a tick
                raise
        self._opened.__exit__(kind, error, traceback)

    def _finish(self, elapsed: float, error: BaseException | None) -> None:
        duration = self._duration if error is None or self._failed is None else self._failed(error)
        if duration is not None:
            duration.record(elapsed)


class Operation(Timed):
    """One that is its own value in the `with` statement."""

    __slots__ = ()

    def __enter__(self) -> Self:
        self.span = self._opened.__enter__()
        self._start = perf_counter()
        return self
