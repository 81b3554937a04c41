"""`traced` opens a span for each call of a function of any kind, and changes nothing else about it."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
import pickle
import types
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from opentelemetry import context as context_api
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

from otel_trading import metrics
from otel_trading.errors import LabelError, OtelTradingError
from otel_trading.tracing import span, traced

CHECK = {"trading.risk.check.type": "position"}


def current() -> str:
    return getattr(trace.get_current_span(), "name", "none")


@traced
def plain(value: int = 1, *, fail: bool = False) -> tuple[int, str]:
    """Return the name of the current span."""
    if fail:
        raise ValueError(value)
    return value, current()


@traced("named", kind=SpanKind.CONSUMER, attributes={"a": 1})
async def coroutine(*, fail: bool = False) -> str:
    await asyncio.sleep(0)
    if fail:
        raise ValueError("async")
    return current()


@traced("generated")
def generator(log: list[str] | None = None) -> Iterator[str]:
    log = [] if log is None else log
    given = yield current()
    log.append(f"given {given}")
    with span("held across a yield"):
        try:
            yield current()
        except KeyError:
            yield f"caught in {current()}"
    yield current()
    return "returned"


@traced("async generated")
async def async_generator() -> AsyncIterator[str]:
    yield current()
    await asyncio.sleep(0)
    with span("held"):
        try:
            yield current()
        except KeyError:
            yield "caught"


def test_a_decorated_function_is_pickled_by_its_name():
    assert pickle.loads(pickle.dumps(plain)) is plain


def in_python(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*arguments: Any, **keywords: Any) -> Any:
        return function(*arguments, **keywords)

    return wrapper


def deepest(decorator: Callable[..., Any]) -> int:
    """Return how deep a function can call itself before it reaches the interpreter's limit."""
    reached = [0]

    @decorator
    def call(number: int) -> None:
        reached.append(number)
        call(number + 1)

    with pytest.raises(RecursionError):
        call(1)
    return max(reached)


@pytest.mark.usefixtures("seen")
def test_a_function_that_calls_itself_gets_as_deep_as_with_any_decorator_in_python():
    assert deepest(traced) > 0.9 * deepest(in_python)


def test_a_function_keeps_its_name_its_text_and_its_kind():
    assert (plain.__name__, plain.__doc__) == ("plain", "Return the name of the current span.")
    assert inspect.signature(plain).parameters.keys() == {"value", "fail"}
    assert inspect.iscoroutinefunction(coroutine)
    assert inspect.isgeneratorfunction(generator)
    assert inspect.isasyncgenfunction(async_generator)


def test_a_call_runs_in_a_span_named_for_the_function(seen):
    assert plain(5) == (5, "plain")
    assert current() == "none"
    assert seen.span("plain").status.status_code is StatusCode.UNSET


async def test_a_coroutine_runs_in_a_span_of_the_given_name_kind_and_attributes(seen):
    assert await coroutine() == "named"
    ended = seen.span("named")
    assert (ended.kind, dict(ended.attributes)) == (SpanKind.CONSUMER, {"a": 1})


@pytest.mark.parametrize("decorator", [traced, traced("m")])
def test_methods_of_all_kinds_are_traced(seen, decorator: Callable[..., Any]):
    class Strategy:
        @decorator
        def own(self) -> object:
            return self

        @decorator
        @classmethod
        def of_class(cls) -> object:
            return cls

        @staticmethod
        @decorator
        def static() -> str:
            return "static"

    strategy = Strategy()
    assert (strategy.own(), strategy.of_class(), strategy.static()) == (strategy, Strategy, "static")
    assert len(seen.spans) == 3


def test_implicit_class_methods_stay_class_methods_when_traced(seen):
    class Base:
        @traced
        def __init_subclass__(cls, **given: object) -> None:
            cls.given = given

        @traced
        def __class_getitem__(cls, item: object) -> object:
            return cls, item

    class Below(Base, a=1):
        given: object

    assert (Below.given, Below[2]) == ({"a": 1}, (Below, 2))
    assert len(seen.spans) == 2


async def test_a_generator_that_is_a_coroutine_can_be_awaited(seen):
    @traced("own")
    @types.coroutine
    def own() -> Iterator[Any]:
        yield from asyncio.sleep(0).__await__()
        return current()

    assert (await own(), current()) == ("own", "none")
    assert seen.span("own").end_time


def test_an_error_is_raised_unchanged_and_recorded(seen):
    with pytest.raises(ValueError, match="7"):
        plain(7, fail=True)
    assert seen.span("plain").attributes["error.type"] == "ValueError"


async def test_an_error_of_a_coroutine_is_recorded(seen):
    with pytest.raises(ValueError, match="async"):
        await coroutine(fail=True)
    assert seen.span("named").status.status_code is StatusCode.ERROR


def test_a_generator_has_one_span_that_is_current_only_in_its_body(seen):
    log: list[str] = []
    with span("caller"):
        running = generator(log)
        names = [next(running), current()]
        names += [running.send("x"), current(), *running, current()]
    assert names == ["generated", "caller", "held across a yield", "caller", "generated", "caller"]
    assert log == ["given x"]
    assert seen.span("held across a yield").parent.span_id == seen.span("generated").context.span_id
    assert seen.span("generated").parent.span_id == seen.span("caller").context.span_id


def test_an_exception_thrown_into_a_generator_arrives_in_its_body(seen):
    running = generator()
    next(running)
    next(running)
    assert running.throw(KeyError()) == "caught in held across a yield"
    running.close()
    assert seen.span("generated").status.status_code is StatusCode.UNSET


def test_a_generator_returns_its_value(seen):
    def delegating() -> Iterator[str]:
        returned.append((yield from generator()))

    returned: list[str] = []
    assert len(list(delegating())) == 3
    assert returned == ["returned"]


def test_a_generator_left_early_ends_its_span_without_a_failure(seen):
    for _ in generator():
        break
    import gc

    gc.collect()
    assert seen.span("generated").status.status_code is StatusCode.UNSET


async def test_an_async_generator_has_one_span_that_is_current_only_in_its_body(seen):
    names = []
    with span("caller"):
        async for inside in async_generator():
            names += [inside, current()]
    assert names == ["async generated", "caller", "held", "caller"]
    assert seen.span("held").parent.span_id == seen.span("async generated").context.span_id


async def test_an_exception_thrown_into_an_async_generator_arrives_in_its_body(seen):
    running: Any = async_generator()
    await anext(running)
    await anext(running)
    assert await running.athrow(KeyError()) == "caught"
    await running.aclose()
    assert seen.span("async generated").status.status_code is StatusCode.UNSET


async def test_concurrent_calls_have_spans_of_their_own(seen):
    inside: list[str] = []

    @traced("step")
    async def step(ready: asyncio.Event) -> int:
        await ready.wait()
        inside.append(current())
        return trace.get_current_span().get_span_context().span_id

    ready = asyncio.Event()
    tasks = [asyncio.create_task(step(ready)) for _ in range(5)]
    await asyncio.sleep(0)
    ready.set()
    assert len(set(await asyncio.gather(*tasks))) == 5
    assert inside == ["step"] * 5


def test_a_duration_takes_its_labels_from_the_attributes(seen):
    @traced("check", duration=metrics.risk_check_duration, attributes=CHECK)
    def check(*, fail: bool) -> None:
        if fail:
            raise LookupError

    check(fail=False)
    with pytest.raises(LookupError):
        check(fail=True)
    points = [p for p in seen.points("trading.risk.check.duration") if p.count]
    assert [dict(point.attributes).get("error.type") for point in points] == [None, "LookupError"]
    assert points[0].exemplars[0].span_id == seen.spans[0].context.span_id


def test_a_bound_duration_records_failures_too(seen):
    lag = metrics.event_loop_lag.bind()

    @traced(duration=lag)
    def work() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        work()
    assert seen.total("trading.event_loop.lag") == 1


def test_the_duration_of_a_generator_is_that_of_its_whole_life(seen):
    @traced(duration=metrics.event_loop_lag.bind())
    def numbers() -> Iterator[int]:
        yield 1
        yield 2

    assert list(numbers()) == [1, 2]
    (point,) = seen.points("trading.event_loop.lag")
    assert point.count == 1
    assert [exemplar.span_id for exemplar in point.exemplars] == [seen.spans[0].context.span_id]


def test_a_missing_label_is_an_error_when_the_function_is_decorated():
    with pytest.raises(
        LabelError, match=r"traced\(duration=...\) needs attributes\['trading.risk.check.type'\]"
    ):
        traced(duration=metrics.risk_check_duration, attributes={"trading.risk.check.tpye": "position"})


@pytest.mark.parametrize("thing", [5, object(), dict])
def test_only_functions_are_decorated(thing):
    with pytest.raises(OtelTradingError, match="traced decorates a function or method, not "):
        traced(thing)


def test_a_context_that_outlives_its_call_keeps_the_span_of_that_call(seen):
    @traced
    def keeps() -> contextvars.Context:
        return contextvars.copy_context()

    @traced
    def holds() -> context_api.Context:
        return context_api.get_current()

    copied, held = keeps(), holds()
    for _ in range(3):
        plain()
        with pytest.raises(ValueError, match="1"):
            plain(fail=True)
    assert copied.run(current).endswith("keeps")
    assert trace.get_current_span(held).name.endswith("holds")
    assert (held is context_api.get_current(), current()) == (False, "none")
