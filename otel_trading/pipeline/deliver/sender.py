"""Sender: exports a batch in one request or in several, and returns the outcome of its items."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from otel_trading.pipeline.deliver.deadline import left
from otel_trading.pipeline.deliver.encoding import Encoding
from otel_trading.pipeline.deliver.wire import Answer, Verdict, Wire
from otel_trading.values.text import error_text

T = TypeVar("T")


@dataclass
class Outcome(Generic[T]):
    """The result of one export: each item of the batch was delivered, was dropped, or has to be retried.

    Attributes:
        delivered: How many items arrived.
        dropped: How many items were dropped, by reason.
        retry: The items to be exported again.
        pause: Seconds to wait before the retry, as the endpoint requested; None if it requested none.
        reason: The message of the last failure; empty if nothing failed.
    """

    delivered: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    retry: list[T] = field(default_factory=list)
    pause: float | None = None
    reason: str = ""


class Exporter(Protocol):
    """Exports the items of one signal."""

    close: Callable[[], None]

    def send(self, items: Sequence[Any], deadline: float) -> Outcome[Any]:
        """Send items and return their outcome.

        Args:
            items: Spans, log records or metrics.
            deadline: When to give up, on the clock of `time.monotonic`.
        """


class Sender(Generic[T]):
    """Sends the items of one signal over one wire.

    If a request cannot be encoded or is too large, the sender halves the batch until it has found the item at
    fault, and drops that item alone. Items that cannot be delivered now are returned to be retried.

    Args:
        encoding: Encodes the items of the signal.
        wire: Sends the requests.
    """

    def __init__(self, encoding: Encoding[T], wire: Wire) -> None:
        self._encoding = encoding
        self._wire = wire
        self.close = wire.close

    def send(self, items: Sequence[T], deadline: float) -> Outcome[T]:
        """Send items once; never raise.

        Args:
            items: Items of one signal.
            deadline: When to stop waiting for an answer, on the clock of `time.monotonic`.

        Returns:
            The outcome of all items together.
        """
        outcome: Outcome[T] = Outcome()
        waiting = [items] if items else []
        while waiting:
            part = waiting.pop()
            if outcome.retry:  # the endpoint does not answer, so the other parts would only wait for as long
                outcome.retry += part
            else:
                waiting += reversed(self._attempt(part, deadline, outcome))
        return outcome

    def _attempt(self, items: Sequence[T], deadline: float, outcome: Outcome[T]) -> list[Sequence[T]]:
        """Send one request and add its result to `outcome`; return the parts to send instead, if any."""
        try:
            payload = self._encoding.encode(items)
        except Exception as error:  # noqa: BLE001 - an attribute may have any type and fail in any way
            reason = f"an item cannot be encoded: {error_text(error)}"
            return self._split(items, "unencodable", reason, outcome)
        # Checked here, because a server that refuses a large request has received all of it first.
        if len(payload) > self._wire.largest:
            return self._split(items, "too_large", "an item is too large for a request", outcome)
        answer = self._wire.send(payload, left(deadline))
        if answer.verdict is Verdict.TOO_LARGE:
            return self._split(items, "too_large", answer.reason, outcome)
        self._record(items, answer, outcome)
        return []

    def _record(self, items: Sequence[T], answer: Answer, outcome: Outcome[T]) -> None:
        count = self._count(items)
        outcome.reason = answer.reason or outcome.reason
        if answer.verdict is Verdict.DELIVERED:
            # Rejected items are not sent again: https://opentelemetry.io/docs/specs/otlp/#partial-success
            rejected = min(answer.rejected, count)  # an endpoint may report any number
            outcome.delivered += count - rejected
            outcome.dropped += Counter({"rejected": rejected})
        elif answer.verdict is Verdict.RETRY:
            outcome.retry += items
            outcome.pause = answer.pause
        else:
            outcome.dropped[answer.verdict.value] += count

    def _split(
        self, items: Sequence[T], drop_reason: str, message: str, outcome: Outcome[T]
    ) -> list[Sequence[T]]:
        """Return the halves of a request that cannot be sent; drop an item that cannot be halved."""
        if len(items) > 1:
            middle = len(items) // 2
            return [items[:middle], items[middle:]]
        halves = self._encoding.halves(items[0])
        if halves is not None:
            return [[half] for half in halves]
        outcome.dropped[drop_reason] += self._count(items)
        outcome.reason = message
        return []

    def _count(self, items: Sequence[T]) -> int:
        return sum(map(self._encoding.count, items))
