"""Open spans: end the spans that are still open when the process ends, and mark them as incomplete."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from itertools import chain, compress, starmap
from typing import Any, Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Span

from otel_trading._guard import guard

INCOMPLETE: Final = "otel_trading.incomplete"
"""The attribute of a span that was ended because the process ended."""


def end_open_spans(resource: Resource) -> int:
    """End every open span of one resource, and return how many there were.

    The spans are found through the garbage collector, since a list of open spans would cost time per span.

    Args:
        resource: The resource of the provider. A forked child has another one than its parent.
    """
    spans = [span for span in _instances_of(Span) if span.end_time is None and span.resource is resource]
    for span in spans:
        with guard("end of an open span"):
            span.set_attributes({INCOMPLETE: True})
            span.end()
    return len(spans)


def _instances_of(kind: type[Any]) -> list[Any]:
    """Return every object of a class and its subclasses.

    `gc.get_objects()` also returns tuples that other threads are still building. While a list refers to such
    a tuple, `tuple(generator)` in the other thread raises SystemError, as its unfinished result is shared
    (https://bugs.python.org/issue15108). So no other thread may run while the objects are in a list: the call
    of `list` collects, selects and clears, and it runs only C functions, which never release the GIL. The
    lines before it only build iterators, which do nothing until that call.
    """
    class_ids = frozenset(map(id, _with_subclasses(kind)))
    objects: list[Any] = []
    fill = map(objects.extend, map(gc.get_objects, (None,)))
    # The identity of the type is compared: `isinstance` may run Python code of a proxy, and `in` a `__hash__`
    # of a metaclass. `compress` reads the list twice in step, and only after `fill` has filled it.
    is_instance = map(class_ids.__contains__, map(id, map(type, objects)))
    select = compress(objects, is_instance)
    clear = starmap(objects.clear, ((),))
    was_enabled = gc.isenabled()
    gc.disable()  # a collection inside the call could run finalizers, which are Python code
    try:
        _, *found, _ = list(chain(fill, select, clear))  # `fill` and `clear` each add one None
    finally:
        if was_enabled:
            gc.enable()
    return found


def _with_subclasses(kind: type[Any]) -> Iterator[type[Any]]:
    yield kind
    for subclass in kind.__subclasses__():
        yield from _with_subclasses(subclass)
