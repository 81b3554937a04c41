"""Lanes of a batch queue: audit events wait apart from ordinary items, so that they are evicted last."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final, NamedTuple, TypeAlias

_BATCH_BYTES: Final = 2 * 1024 * 1024

WEIGHT: Final = itemgetter(1)
"""Returns the weight of a `QueuedItem`."""


@dataclass(frozen=True)
class QueueBounds:
    """How many items a queue may contain, and how it forms batches.

    Attributes:
        size: The most items that may wait.
        size_bytes: About how many bytes these items may have together.
        batch: The most items of one export.
        delay: Seconds that an item waits for others before it is exported.
        timeout: Seconds that one export may take.
    """

    size: int
    size_bytes: int
    batch: int
    delay: float
    timeout: float


QueuedItem: TypeAlias = tuple[Any, int, bool]
"""A queued item: the item itself, its weight in bytes, and whether it was prepared for export already."""


class Lane(NamedTuple):
    """The items of one priority.

    Attributes:
        arrived: Items that `put` appended. They are neither counted nor bounded yet.
        waiting: Counted items that wait for their export, the oldest first.
    """

    arrived: deque[QueuedItem]
    waiting: deque[QueuedItem]

    @classmethod
    def empty(cls) -> Lane:
        """Return a lane without items."""
        return cls(deque(), deque())


class Entry(NamedTuple):
    """An item of the batch that is being exported.

    Attributes:
        item: A span or a log record.
        weight: Its size in bytes, estimated.
        prepared: Whether it was sanitized and redacted.
        lane: The lane that it returns to if its export has to be retried.
    """

    item: Any
    weight: int
    prepared: bool
    lane: Lane


def drain(arrived: deque[QueuedItem]) -> list[QueuedItem]:
    """Remove and return all items that have arrived, in one call that no signal handler interrupts.

    Args:
        arrived: Other threads may append to it at the same time.
    """
    entries: list[QueuedItem] = []
    try:  # noqa: SIM105 - entering `suppress` takes as long as this whole function
        entries.extend(iter(arrived.popleft, None))
    except IndexError:  # the deque is empty
        pass
    return entries


def next_batch(urgent: Lane, ordinary: Lane, limit: int) -> list[Entry]:
    """Remove and return the items of one export, urgent items first.

    Args:
        urgent: Its items come first.
        ordinary: Its items come after all urgent items.
        limit: The most items of the batch. A batch also ends at about 2 MiB.
    """
    batch: list[Entry] = []
    weight = 0
    while (urgent.waiting or ordinary.waiting) and len(batch) < limit:
        lane = urgent if urgent.waiting else ordinary
        weight += lane.waiting[0][1]
        if batch and weight > _BATCH_BYTES:
            break
        batch.append(Entry(*lane.waiting.popleft(), lane))
    return batch
