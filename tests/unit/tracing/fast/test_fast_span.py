"""A fast span behaves like the SDK's for processors, samplers, the context and the API."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import sys
import sysconfig
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry import baggage, context, trace
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import (
    ConcurrentMultiSpanProcessor,
    ReadableSpan,
    Span,
    SpanProcessor,
    SynchronousMultiSpanProcessor,
    Tracer,
    TracerProvider,
)
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    Decision,
    ParentBased,
    ParentBasedTraceIdRatio,
    Sampler,
    SamplingResult,
    StaticSampler,
    TraceIdRatioBased,
)
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from otel_trading import _losses, tracing
from otel_trading.tracing import span, start_span, traced
from otel_trading.tracing.fast import probe
from otel_trading.tracing.fast.fast_span import FastSpan
from otel_trading.tracing.fast.form import unsampled
from otel_trading.tracing.provider import CURRENT


class Attached:
    """An attached provider, and the spans that its exporter got."""

    def __init__(self, sampler: Sampler = ALWAYS_ON, **settings: Any) -> None:
        self._spans = InMemorySpanExporter()
        self.provider = TracerProvider(sampler, Resource({}), shutdown_on_exit=False, **settings)
        self.provider.add_span_processor(SimpleSpanProcessor(self._spans))
        tracing.attach(self.provider, "test")

    @property
    def spans(self) -> list[ReadableSpan]:
        return list(self._spans.get_finished_spans())

    @property
    def names(self) -> list[str]:
        return [one.name for one in self.spans]


class Stamp(SpanProcessor):
    """Sets an attribute on each span that starts, and stores the calls that it gets."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, object]] = []

    def on_start(self, span: Span, parent_context: context.Context | None = None) -> None:
        span.set_attribute("stamp", True)
        self.calls.append(("start", baggage.get_baggage("desk", parent_context)))

    def _on_ending(self, span: Span) -> None:
        self.calls.append(("ending", span.name))

    def on_end(self, span: ReadableSpan) -> None:
        self.calls.append(("end", span.name))


def test_a_span_of_an_attached_sdk_is_a_fast_span_and_a_span_of_the_sdk():
    Attached()
    opened = start_span("s")
    assert isinstance(opened, FastSpan)
    assert isinstance(opened, Span)


@pytest.mark.parametrize("multi", [SynchronousMultiSpanProcessor, ConcurrentMultiSpanProcessor])
def test_a_processor_of_the_users_is_called_and_may_change_the_span(multi):
    attached, stamp = Attached(active_span_processor=multi()), Stamp()
    attached.provider.add_span_processor(stamp)  # after the attach, as in most programs
    with span("s", {"a": 1}):
        pass
    assert dict(attached.spans[0].attributes or {}) == {"a": 1, "stamp": True}
    assert stamp.calls == [("start", None), ("ending", "s"), ("end", "s")]


def test_a_processor_sees_the_baggage_of_the_parent():
    attached, stamp = Attached(), Stamp()
    attached.provider.add_span_processor(stamp)
    token = context.attach(baggage.set_baggage("desk", "mm"))
    with span("s"):
        assert baggage.get_baggage("desk") == "mm"
    context.detach(token)
    assert stamp.calls[0] == ("start", "mm")


class ByName(Sampler):
    """Samples the spans whose names begin with "keep", and sets an attribute on them."""

    def should_sample(  # noqa: PLR0917 - the SDK's signature
        self, parent_context, trace_id, name, kind=None, attributes=None, links=None, trace_state=None
    ):
        if name.startswith("keep"):
            return SamplingResult(Decision.RECORD_AND_SAMPLE, {"kept": True, **(attributes or {})})
        return SamplingResult(Decision.DROP)

    def get_description(self) -> str:
        return "ByName"


def test_a_sampler_of_the_user_is_called_for_each_span():
    attached = Attached(ByName())

    @traced("keep this", attributes={"a": 1})
    def work() -> None:
        with span("not this"), span("keep that"):
            pass

    work()
    assert attached.names == ["keep that", "keep this"]
    assert dict(attached.spans[1].attributes or {}) == {"kept": True, "a": 1}


def test_a_trace_is_sampled_or_dropped_as_a_whole():
    attached = Attached(ParentBasedTraceIdRatio(0.5))
    for _ in range(200):
        with span("root"), span("child"):
            pass
    traces = [one.context.trace_id for one in attached.spans]
    assert 0 < len(traces) < 400
    assert all(traces.count(one) == 2 for one in traces)
    assert all(one & (2**64 - 1) < 2**63 for one in traces)


def test_an_unsampled_span_draws_its_ids_once_and_its_children_share_the_trace():
    Attached(ParentBased(ALWAYS_OFF))
    with span("root") as root, span("child") as child:
        headers: dict[str, str] = {}
        TraceContextTextMapPropagator().inject(headers)
    assert isinstance(root, unsampled.UnsampledSpan)
    outer, inner = root.get_span_context(), child.get_span_context()
    assert outer.is_valid
    assert inner.trace_id == outer.trace_id
    assert inner.span_id != outer.span_id
    assert not inner.trace_flags.sampled
    assert headers["traceparent"] == f"00-{inner.trace_id:032x}-{inner.span_id:016x}-02"
    assert root.get_span_context() is outer


def test_the_trace_id_of_an_unsampled_root_is_one_that_the_ratio_does_not_sample():
    """A sampler by ratio in the next service then decides the same."""
    attached = Attached(ParentBasedTraceIdRatio(0.25))
    for _ in range(200):
        with span("root") as root:
            sampled = root.get_span_context().trace_flags.sampled
            assert (root.get_span_context().trace_id & (2**64 - 1) < 2**62) is sampled
    assert 0 < len(attached.spans) < 200


def test_a_long_chain_of_unsampled_spans_shares_one_trace_and_keeps_no_ancestor_alive():
    """Such a chain comes from tasks that each start the next."""
    Attached(ParentBased(ALWAYS_OFF))
    last = first = start_span("first")
    seen = []
    for _ in range(1_000):
        last = start_span("next", context=trace.set_span_in_context(last))
        seen.append(weakref.ref(last))
    assert sum(one() is not None for one in seen) == 1
    assert last.get_span_context().trace_id == first.get_span_context().trace_id


def test_an_unsampled_span_can_be_made_current_by_the_apis_own_functions():
    Attached(ParentBased(ALWAYS_OFF))
    with span("root") as root:
        assert trace.get_current_span() is root
    with trace.use_span(root, end_on_exit=True):
        assert trace.get_current_span() is root
    with root as entered:
        assert entered is root
    assert weakref.ref(root)() is root
    assert repr(root) == f"NonRecordingSpan({root.get_span_context()!r})"


def pickled(protocol: int) -> Callable[[Any], Any]:
    return lambda thing: pickle.loads(pickle.dumps(thing, protocol))


@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, *map(pickled, range(pickle.HIGHEST_PROTOCOL + 1))]
)
@pytest.mark.parametrize("sampler", [ParentBased(ALWAYS_OFF), ParentBasedTraceIdRatio(1e-9)])
def test_copies_of_an_unsampled_span_have_its_ids(sampler, again):
    Attached(sampler)
    with span("root") as root, span("child") as child:
        pass
    inner, outer = again(child), again(root)
    assert (inner.get_span_context(), outer.get_span_context()) == (
        child.get_span_context(),
        root.get_span_context(),
    )
    assert isinstance(inner, NonRecordingSpan)


def test_threads_that_read_the_ids_at_once_get_the_same_ids():
    Attached(ParentBased(ALWAYS_OFF))
    seen: set[int] = set()
    barrier = threading.Barrier(4)
    with span("root") as root:

        def ask() -> None:
            barrier.wait()
            seen.add(root.get_span_context().span_id)

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(seen) == 1


def test_no_change_is_lost_where_many_threads_change_one_span():
    attached = Attached()
    with span("s") as opened:

        def change(number: int) -> None:
            for i in range(20):
                opened.add_event(f"{number}.{i}")
            opened.set_attribute(str(number), number)

        threads = [threading.Thread(target=change, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    (ended,) = attached.spans
    assert len(ended.events) == 80
    assert dict(ended.attributes or {}) == {str(n): n for n in range(4)}


def test_a_call_that_changes_its_span_does_not_change_the_attributes_shared_by_other_calls():
    attached = Attached()

    @traced("s", attributes={"a": 1, "list": [1]})
    def work(*, mark: bool) -> None:
        if mark:
            trace.get_current_span().set_attribute("marked", True)

    work(mark=True)
    work(mark=False)
    first, second = (dict(one.attributes or {}) for one in attached.spans)
    assert (first, second) == ({"a": 1, "list": (1,), "marked": True}, {"a": 1, "list": (1,)})


def test_a_span_copies_the_given_attributes():
    attached, given = Attached(), {"a": [1]}
    with span("s", given):
        given["a"].append(2)
        given["b"] = [3]
    assert dict(attached.spans[0].attributes or {}) == {"a": (1,)}


def test_a_span_warns_when_it_is_changed_after_its_end_and_is_exported_once(caplog):
    attached = Attached()
    with span("s") as opened:
        pass
    opened.set_attribute("late", True)
    opened.end()
    assert (attached.names, dict(attached.spans[0].attributes or {})) == (["s"], {})
    assert [record.getMessage() for record in caplog.records] == [
        "Setting attribute on ended span.",
        "Calling end() on an ended span.",
    ]


@pytest.mark.usefixtures("fresh_probe")
def test_a_span_counted_by_the_sdk_is_a_plain_one_without_a_warning_about_the_release(monkeypatch, caplog):
    monkeypatch.setenv("OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED", "true")
    attached = Attached()
    with span("s") as opened:
        pass
    assert not isinstance(opened, FastSpan)
    assert attached.names == ["s"]
    assert probe.works()
    assert caplog.text == ""


def test_the_api_reports_a_context_that_is_reset_on_another_thread(caplog):
    Attached()
    scope = span("s")
    thread = threading.Thread(target=scope.__enter__)
    thread.start()
    thread.join()
    scope.__exit__(None, None, None)
    assert [record.getMessage() for record in caplog.records] == ["Failed to detach context"]


def test_a_processor_that_raises_at_the_start_does_not_reach_the_caller(guarded):
    class Broken(SpanProcessor):
        def on_start(self, span, parent_context=None):
            raise RuntimeError("a defect of the processor")

    attached = Attached()
    attached.provider.add_span_processor(Broken())

    @traced
    def work() -> int:
        with span("inside"):
            return 1

    assert work() == 1
    assert _losses.snapshot() == {"sdk": {"internal_error": 2}}


def test_a_signal_handler_may_change_the_span_that_it_interrupted(monkeypatch):
    attached = Attached()
    new_events, opened = FastSpan._new_events, []

    def interrupted(one: Any) -> Any:
        monkeypatch.setattr(FastSpan, "_new_events", new_events)
        opened[0].set_attribute("of the handler", 1)
        return new_events(one)

    monkeypatch.setattr(FastSpan, "_new_events", interrupted)
    with span("s") as current:
        opened.append(current)
        current.set_attribute("interrupted", 2)
    assert dict(attached.spans[0].attributes or {}) == {"of the handler": 1, "interrupted": 2}


class InterruptedTextError(Exception):
    """Raises KeyboardInterrupt when its text is read, as if a user had pressed Ctrl+C then."""

    def __str__(self) -> str:
        raise KeyboardInterrupt


def test_a_span_ends_where_its_failure_could_not_be_recorded():
    attached = Attached()

    @traced("call")
    def call() -> None:
        raise InterruptedTextError

    with pytest.raises(KeyboardInterrupt):
        call()
    with pytest.raises(KeyboardInterrupt), span("block"):
        raise InterruptedTextError
    assert attached.names == ["call", "block"]
    assert trace.get_current_span() is trace.INVALID_SPAN


@pytest.mark.parametrize("known", [[], (), (1,), None, 7])
def test_a_call_succeeds_below_a_foreign_span_without_a_usable_context(known, guarded):
    class Odd(NonRecordingSpan):
        def get_span_context(self) -> Any:
            return known

    Attached()
    token = context.attach(trace.set_span_in_context(Odd(SpanContext(0, 0, is_remote=False))))
    try:
        assert traced(lambda: 1)() == 1
    finally:
        context.detach(token)


@pytest.mark.parametrize("remote", [None, 2, "yes"])
def test_the_remote_flag_of_a_parent_may_be_any_object(remote):
    attached = Attached()
    parent = NonRecordingSpan(SpanContext(1, 2, remote, TraceFlags(2**40 + 3)))
    with span("s", context=trace.set_span_in_context(parent)):
        pass
    assert attached.spans[0].context.trace_id == 1
    assert attached.spans[0].context.trace_flags == 3


@pytest.mark.skipif(
    bool(sysconfig.get_config_var("Py_GIL_DISABLED")) and sys.version_info < (3, 14),
    reason="3.13 without a GIL keeps every class for good once there was a thread, and what it holds",
)
def test_after_a_detach_nothing_holds_the_tracer():
    Attached()
    with span("s"):
        pass
    tracer = weakref.ref(CURRENT.fast)
    tracing.detach()
    gc.collect()
    assert tracer() is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_span_of_a_forked_child_has_the_resource_of_the_child():
    attached = Attached()
    attached.provider._update_resource(Resource({"parent": True}))
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with span("s") as opened:
            os.write(writing, str(dict(opened.resource.attributes)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    assert "'parent': True" in os.read(reading, 4096).decode()
    os.close(reading)


class Hidden:
    """An attribute that the SDK finds and this package does not, as if the SDK had renamed it."""

    def __init__(self, name: str, original: Any) -> None:
        self._name = name
        self._original = original

    @staticmethod
    def _from_us() -> bool:
        return sys._getframe(2).f_globals["__name__"].startswith("otel_trading.")

    def __get__(self, one: Any, owner: type) -> Any:
        if self._from_us():
            raise AttributeError(self._name)
        if one is not None and self._name in vars(one):
            return vars(one)[self._name]
        get = getattr(self._original, "__get__", None)
        return self._original if get is None else get(one, owner)

    def __set__(self, one: Any, value: Any) -> None:
        vars(one)["other" if self._from_us() else self._name] = value


PRIVATE = [
    *(
        (Tracer, name)
        for name in ("_span_limits", "_instrumentation_scope", "_tracer_metrics", "_is_enabled")
    ),
    *(
        (ParentBased, f"_{side}_parent_{state}")
        for side in ("local", "remote")
        for state in ("sampled", "not_sampled")
    ),
    *((Span, name) for name in ("_new_events", "_new_links")),
    *((ReadableSpan, name) for name in ("_name", "_parent", "_kind", "_start_time")),
    (SynchronousMultiSpanProcessor, "_span_processors"),
    (SpanProcessor, "_on_ending"),
    (BoundedAttributes, "_dict"),
    (ParentBased, "_root"),
    (StaticSampler, "_decision"),
]
RENAMED = [
    "context",
    "end_time",
    "events",
    "instrumentation_scope",
    "links",
    "resource",
    "status",
]


def uses_the_sdks_spans(caplog: pytest.LogCaptureFixture) -> None:
    """Attach, and check that the SDK's own spans are used, with one warning."""
    attached = Attached(TraceIdRatioBased(1.0))
    tracing.detach()
    tracing.attach(attached.provider, "test")
    with span("s", {"a": 1}) as opened:
        opened.set_attribute("b", 2)
    assert not isinstance(opened, FastSpan)
    assert attached.names == ["s"]
    assert [record.name for record in caplog.records] == ["otel_trading"]
    assert "the fast spans do not support" in caplog.text


@pytest.mark.usefixtures("fresh_probe")
def test_the_probe_accepts_the_installed_sdk():
    assert probe.works()


@pytest.mark.usefixtures("fresh_probe")
@pytest.mark.parametrize(("owner", "name"), PRIVATE, ids=lambda one: getattr(one, "__name__", one))
def test_without_one_of_the_sdks_private_names_its_own_spans_are_used(owner, name, monkeypatch, caplog):
    monkeypatch.setattr(owner, name, Hidden(name, vars(owner).get(name)), raising=False)
    uses_the_sdks_spans(caplog)


@pytest.mark.usefixtures("fresh_probe")
@pytest.mark.parametrize("name", RENAMED)
def test_where_the_sdk_renames_a_field_of_a_span_its_own_spans_are_used(name, monkeypatch, caplog):
    """The test renames the private field of `ReadableSpan`."""
    original, theirs = ReadableSpan.__init__, vars(ReadableSpan)[name].fget

    def init(self: Any, *arguments: Any, **keywords: Any) -> None:
        original(self, *arguments, **keywords)
        vars(self)["renamed"] = True

    def get(self: Any) -> Any:
        if "renamed" not in vars(self):
            raise AttributeError(name)
        return theirs(self)

    monkeypatch.setattr(ReadableSpan, "__init__", init)
    monkeypatch.setattr(ReadableSpan, name, property(get))
    uses_the_sdks_spans(caplog)


@pytest.mark.usefixtures("fresh_probe")
def test_where_the_sdk_renames_the_attributes_of_a_span_its_own_spans_are_used(monkeypatch, caplog):
    original = ReadableSpan.__init__

    def init(self: Any, *arguments: Any, **keywords: Any) -> None:
        original(self, *arguments, **keywords)
        vars(self)["renamed"] = {}

    monkeypatch.setattr(ReadableSpan, "__init__", init)
    monkeypatch.setattr(Span, "set_attribute", lambda self, key, value: self.renamed.update({key: value}))
    monkeypatch.setattr(
        ReadableSpan, "attributes", property(lambda self: {**self._attributes, **self.renamed})
    )
    uses_the_sdks_spans(caplog)


@pytest.mark.usefixtures("fresh_probe")
def test_where_a_span_context_has_another_layout_the_sdks_own_spans_are_used(monkeypatch, caplog):
    original = SpanContext.__new__

    def new(cls: type, *arguments: Any, **keywords: Any) -> SpanContext:
        made = original(cls, *arguments, **keywords)
        vars(made)["valid"] = made[5]
        return made

    monkeypatch.setattr(SpanContext, "__new__", new)
    monkeypatch.setattr(SpanContext, "is_valid", property(lambda self: vars(self)["valid"]))
    monkeypatch.setattr("opentelemetry.trace.span.INVALID_SPAN", NonRecordingSpan(SpanContext(0, 0, False)))
    monkeypatch.setattr("opentelemetry.trace.INVALID_SPAN", NonRecordingSpan(SpanContext(0, 0, False)))
    monkeypatch.setattr(
        "opentelemetry.trace.propagation.INVALID_SPAN", NonRecordingSpan(SpanContext(0, 0, False))
    )
    uses_the_sdks_spans(caplog)


class Elsewhere:
    """A runtime context that stores the current context in a list, not in a context variable."""

    def __init__(self) -> None:
        self._contexts = [context.Context()]

    def attach(self, given: context.Context) -> int:
        self._contexts.append(given)
        return len(self._contexts)

    def get_current(self) -> context.Context:
        return self._contexts[-1]

    def detach(self, token: int) -> None:
        assert token == len(self._contexts)
        self._contexts.pop()


def test_with_another_runtime_context_the_functions_of_the_api_are_called(monkeypatch):
    monkeypatch.setattr(context, "_RUNTIME_CONTEXT", Elsewhere())
    attached = Attached()

    @traced("s")
    def work(*, fail: bool) -> object:
        if fail:
            raise LookupError
        return trace.get_current_span().get_span_context()

    assert work(fail=False) == attached.spans[0].context
    with pytest.raises(LookupError):
        work(fail=True)
    assert [one.status.status_code.name for one in attached.spans] == ["UNSET", "ERROR"]
    assert context.get_current() == {}
