"""The unfinished: spans that are still open when the process ends are exported, marked as incomplete."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from functools import partial
from itertools import chain, compress, tee
from typing import Any, Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Span

from otel_trading._guard import guard

INCOMPLETE: Final = "otel_trading.incomplete"
"""The attribute of a span that was ended because the process ended."""


def end_open_spans(resource: Resource) -> int:
    """End every open span, and return how many there were.

    Nobody keeps a list of them, which would cost every span; the garbage collector knows them all.

    Args:
        resource: Of the provider whose spans are meant; a forked child's is another than its parent's.
    """
    spans = [span for span in _every(Span) if span.end_time is None and span.resource is resource]
    for span in spans:
        with guard("end of an open span"):
            span.set_attributes({INCOMPLETE: True})
            span.end()
    return len(spans)


def _every(kind: type[Any]) -> list[Any]:
    """Return every object of a class.

    Who has all objects at hand has those too that other threads are about to make: `tuple` of a generator
    raises SystemError there, since it finds its result shared (CPython's bpo-15108). So the objects are
    asked for, told apart by the identity of their classes, and let go in one call, of C from end to end, in
    which no other thread and no collection runs.
    """
    known = frozenset(map(id, _with_subclasses(kind)))
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        objects, same, them = tee(map(gc.get_objects, (None,)), 3)
        is_one = map(partial(map, known.__contains__), map(partial(map, id), map(partial(map, type), same)))
        found = chain.from_iterable(map(compress, objects, is_one))
        return list(chain(found, filter(None, map(list.clear, them))))
    finally:
        if was_enabled:
            gc.enable()


def _with_subclasses(kind: type[Any]) -> Iterator[type[Any]]:
    yield kind
    for subclass in kind.__subclasses__():
        yield from _with_subclasses(subclass)
