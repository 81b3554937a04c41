"""The lanes of a queue: what has just arrived, and what waits in order, the urgent apart from the rest."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final, NamedTuple, TypeAlias

_BATCH_BYTES: Final = 2 * 1024 * 1024

WEIGHT: Final = itemgetter(1)
"""Returns what a `Put` weighs."""


@dataclass(frozen=True)
class QueueBounds:
    """How much a queue holds, and how it hands it on.

    Attributes:
        size: How many items wait at most.
        size_bytes: About how many bytes they hold at most.
        batch: How many items one export takes.
        delay: Seconds an item waits for others.
        timeout: Seconds one export may take.
    """

    size: int
    size_bytes: int
    batch: int
    delay: float
    timeout: float


Put: TypeAlias = tuple[Any, int, bool]
"""An item, how much it weighs, and whether it is prepared."""


class Lane(NamedTuple):
    """Items of one kind.

    Attributes:
        arrived: What was put, and is neither counted nor bounded yet.
        waiting: What waits for its export, the oldest first.
    """

    arrived: deque[Put]
    waiting: deque[Put]

    @classmethod
    def empty(cls) -> Lane:
        """Return one in which nothing waits."""
        return cls(deque(), deque())


class Entry(NamedTuple):
    """An item that is being exported, and the lane that it goes back to where nobody takes it."""

    item: Any
    weight: int
    prepared: bool
    lane: Lane


def drained(arrived: deque[Put]) -> list[Put]:
    """Return what has arrived, in one step that no signal's handler interrupts."""
    entries: list[Put] = []
    try:  # noqa: SIM105 - `suppress` takes as long as all of this
        entries.extend(iter(arrived.popleft, None))
    except IndexError:  # it is empty
        pass
    return entries


def next_batch(urgent: Lane, ordinary: Lane, most: int) -> list[Entry]:
    """Take out what one export takes, the urgent first: at most so many items, and about 2 MiB of them."""
    batch: list[Entry] = []
    weight = 0
    while (urgent.waiting or ordinary.waiting) and len(batch) < most:
        lane = urgent if urgent.waiting else ordinary
        weight += lane.waiting[0][1]
        if batch and weight > _BATCH_BYTES:
            break
        batch.append(Entry(*lane.waiting.popleft(), lane))
    return batch
