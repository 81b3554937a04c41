"""The submission of an order: the block that hands its request to the network."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from otel_trading._guard import guard
from otel_trading.instruments.operation import Opened, Operation
from otel_trading.instruments.order.metrics import OrderMetrics


class Submission(Operation):
    """The submission of an order, as a context manager; a block that succeeds submits the order.

    Args:
        opened: The span to open.
        metrics: The metrics of the order.
        submitted: Called once, when the request has left.
    """

    __slots__ = ("_is_sent", "_submitted")

    def __init__(self, opened: Opened, metrics: OrderMetrics, submitted: Callable[[], None]) -> None:
        super().__init__(opened, metrics.submit_duration, metrics.submit_failed)
        self._submitted = submitted
        self._is_sent = False

    @guard("order submission")
    def sent(self) -> None:
        """State that the last byte of the request left; the rest of the block is not timed.

        Call it with a client that returns only with the venue's answer. A second call changes nothing.
        """
        if not self._is_sent:
            self._is_sent = True
            super()._finish(perf_counter() - self._start, None)
            self._submitted()

    def _finish(self, elapsed: float, error: BaseException | None) -> None:
        # After `sent`, an error in the block is the venue's answer, not a failed submission.
        if self._is_sent:
            return
        super()._finish(elapsed, error)
        if error is None:
            self._submitted()
