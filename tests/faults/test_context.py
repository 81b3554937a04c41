"""Context and errors (entries 38 to 40): no span has a wrong parent, and an exception is raised unchanged."""

from __future__ import annotations

import asyncio
import contextvars
from concurrent.futures import ThreadPoolExecutor
from threading import Thread

import pytest

import otel_trading as ot


def parents(http) -> dict[str, str]:
    names = {span.span_id: span.name for span in http.spans}
    return {span.name: names.get(span.parent_span_id, "") for span in http.spans}


def work(name: str) -> None:
    with ot.span(name):
        pass


@pytest.mark.fault(40)
def test_a_thread_has_no_parent_unless_its_context_is_handed_over(pipelines, http) -> None:
    pipeline = pipelines(http.url)
    with ThreadPoolExecutor(1) as pool, ot.span("around"):
        pool.submit(work, "pool").result()
        pool.submit(contextvars.copy_context().run, work, "handed over").result()
        thread = Thread(target=work, args=("thread",))
        thread.start()
        thread.join()
    pool_after = ThreadPoolExecutor(1)
    pool_after.submit(work, "later").result()
    pool_after.shutdown()
    assert pipeline.flush()
    assert parents(http) == {"pool": "", "handed over": "around", "thread": "", "later": "", "around": ""}


@pytest.mark.fault(40)
async def test_work_of_asyncio_in_threads_has_the_parent_of_the_copied_context(pipelines, http) -> None:
    pipeline = pipelines(http.url)
    loop = asyncio.get_running_loop()
    with ot.span("around"):
        await asyncio.to_thread(work, "to_thread")
        await loop.run_in_executor(None, work, "executor")
        await asyncio.create_task(asyncio.to_thread(work, "task"))
    assert pipeline.flush()
    assert parents(http) == {"to_thread": "around", "executor": "", "task": "around", "around": ""}


@pytest.mark.fault(38)
@pytest.mark.parametrize(
    "error", [ValueError("x"), KeyboardInterrupt(), SystemExit(3), asyncio.CancelledError()]
)
def test_an_error_ends_its_span_as_failed_and_propagates_unchanged(pipelines, http, error) -> None:
    pipeline = pipelines(http.url)
    with pytest.raises(type(error)) as raised, ot.span("s"):
        raise error
    assert raised.value is error
    assert pipeline.flush()
    assert http.spans[0].status.code == 2


@pytest.mark.fault(39)
def test_the_span_of_an_unfinished_generator_is_not_the_parent_of_later_spans(pipelines, http) -> None:
    pipeline = pipelines(http.url)

    @ot.traced
    def ticks():
        yield from range(10)

    for _ in ticks():
        break
    unfinished = ticks()
    next(unfinished)
    work("after")
    del unfinished
    work("later")
    assert pipeline.flush()
    found = parents(http)
    assert (found["after"], found["later"]) == ("", "")
    assert len(http.spans) == 4
