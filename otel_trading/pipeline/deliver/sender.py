"""The sending: a batch goes out in one request, or in several, and each item of it has one outcome."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from otel_trading.pipeline.deliver.deadline import left
from otel_trading.pipeline.deliver.encoding import Encoding
from otel_trading.pipeline.deliver.wire import Answer, Verdict, Wire

T = TypeVar("T")


@dataclass
class Outcome(Generic[T]):
    """What became of the items of one batch: each was delivered, was dropped, or is to be sent again.

    Attributes:
        delivered: How many arrived.
        dropped: How many never will, by reason.
        again: Those to be sent again.
        pause: Seconds that the other side asked us to wait before.
        why: What the last failure said.
    """

    delivered: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    again: list[T] = field(default_factory=list)
    pause: float | None = None
    why: str = ""


class Exporter(Protocol):
    """Exports the items of one signal."""

    close: Callable[[], None]

    def send(self, items: Sequence[Any], deadline: float) -> Outcome[Any]:
        """Send items and return the outcome of each.

        Args:
            items: Spans, log records or metrics.
            deadline: When to give up, on the clock of `time.monotonic`.
        """


class Sender(Generic[T]):
    """Sends the items of one signal, over one wire.

    An item that cannot be encoded, or that is too large for a request, is dropped alone: the batch is halved
    until it is found. What cannot be delivered now comes back to be sent again.

    Args:
        encoding: Of the signal's items.
        wire: Where the requests go.
    """

    def __init__(self, encoding: Encoding[T], wire: Wire) -> None:
        self._encoding = encoding
        self._wire = wire
        self.close = wire.close

    def send(self, items: Sequence[T], deadline: float) -> Outcome[T]:
        """Send items; never raises, and makes one attempt.

        Args:
            items: Of one signal.
            deadline: When to give up waiting for an answer, on the clock of `time.monotonic`.
        """
        outcome: Outcome[T] = Outcome()
        waiting = [items] if items else []
        while waiting:
            part = waiting.pop()
            if outcome.again:  # nobody answers: the rest is not tried
                outcome.again += part
            else:
                waiting += reversed(self._attempt(part, deadline, outcome))
        return outcome

    def _attempt(self, items: Sequence[T], deadline: float, outcome: Outcome[T]) -> list[Sequence[T]]:
        """Send one request, and note its outcome; return the parts to be sent instead, if any."""
        try:
            payload = self._encoding.encode(items)
        except Exception as error:  # noqa: BLE001 - an item may hold anything
            why = f"one cannot be encoded: {type(error).__name__}: {error}"
            return self._split(items, "unencodable", why, outcome)
        if len(payload) > self._wire.largest:
            return self._split(items, "too_large", "one is too large for a request", outcome)
        answer = self._wire.send(payload, left(deadline))
        if answer.verdict is Verdict.TOO_LARGE:
            return self._split(items, "too_large", answer.why, outcome)
        self._note(items, answer, outcome)
        return []

    def _note(self, items: Sequence[T], answer: Answer, outcome: Outcome[T]) -> None:
        count = self._count(items)
        outcome.why = answer.why or outcome.why
        if answer.verdict is Verdict.DELIVERED:
            rejected = min(answer.rejected, count)
            outcome.delivered += count - rejected
            outcome.dropped += Counter({"rejected": rejected})
        elif answer.verdict is Verdict.LATER:
            outcome.again += items
            outcome.pause = answer.pause
        else:
            outcome.dropped[answer.verdict.value] += count

    def _split(self, items: Sequence[T], reason: str, why: str, outcome: Outcome[T]) -> list[Sequence[T]]:
        if len(items) > 1:
            middle = len(items) // 2
            return [items[:middle], items[middle:]]
        halves = self._encoding.halves(items[0])
        if halves is not None:
            return [[half] for half in halves]
        outcome.dropped[reason] += self._count(items)
        outcome.why = why
        return []

    def _count(self, items: Sequence[T]) -> int:
        return sum(map(self._encoding.count, items))
