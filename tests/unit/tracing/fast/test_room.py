"""The rules of this room: its imports point one way, and a lazy part of a span is made once."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import pytest

from otel_trading.tracing.fast import once

FOLDER = Path(once.__file__).parent
IMPORT = re.compile(r"^\s*(?:from|import) (otel_trading\.tracing\b[\w.]*)", re.MULTILINE)


@pytest.mark.parametrize("module", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_a_module_of_the_fast_path_imports_nothing_from_tracing_outside_of_the_room(module):
    imported = IMPORT.findall(module.read_text(encoding="utf-8"))
    assert [name for name in imported if not f"{name}.".startswith("otel_trading.tracing.fast.")] == []


class Thing:
    """Has two parts, which are made together when `first` is read."""

    def __init__(self) -> None:
        self.made = 0

    def parts(self) -> dict[str, Any]:
        self.made += 1
        return {"first": object(), "second": object()}

    first = once.Lazy(parts)
    second = None


def test_a_lazy_part_is_made_at_the_first_read_with_the_parts_that_belong_to_it():
    thing = Thing()
    assert (thing.made, thing.second) == (0, None)
    first = thing.first
    assert vars(thing) == {"made": 1, "first": first, "second": thing.second}
    assert (thing.first is first, thing.made, thing.second is None) == (True, 1, False)


def test_threads_that_read_a_lazy_part_at_once_get_the_same_one():
    for _ in range(20):
        thing, barrier, read = Thing(), threading.Barrier(4), []

        def work(thing: Thing = thing, barrier: Any = barrier, read: list[object] = read) -> None:
            barrier.wait()
            read.append(thing.first)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (len(set(read)), thing.made) == (1, 1)


def test_a_part_made_by_a_signal_handler_meanwhile_is_not_replaced():
    class Interrupted(Thing):
        def parts(self) -> dict[str, Any]:
            made = super().parts()
            if self.made == 1:  # the handler reads the same part of the same object
                self.handlers = self.first
            return made

        first = once.Lazy(parts)

    thing = Interrupted()
    assert thing.first is thing.handlers


def test_a_part_that_is_set_before_it_is_read_is_not_made():
    thing = Thing()
    thing.first = "own"
    assert (thing.first, thing.made) == ("own", 0)
