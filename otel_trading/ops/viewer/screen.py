"""The screen: shows the progress of a run in the terminal, and its report at the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from rich.console import Console, Group, JustifyMethod, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text
from typing_extensions import Self

from otel_trading.ops.viewer import wording
from otel_trading.ops.viewer.records import StoredLog, StoredSpan
from otel_trading.ops.viewer.report import MetricValue, Report, order_counts, services_in
from otel_trading.ops.viewer.store import Store

_BAR: Final = 28
_LOGS: Final = 16
_NS_PER_US: Final = 1000
_WIDTH: Final = 120


class Screen:
    """The terminal output of the demo.

    Args:
        store: The store with the received data.
        seconds: The length of the run.
        elsewhere: The endpoint that gets the telemetry instead of the viewer, or None.
    """

    def __init__(self, store: Store, seconds: float, elsewhere: str | None = None) -> None:
        self._store = store
        self._seconds = seconds
        self._elsewhere = elsewhere
        self._counts: Mapping[str, Any] = {}
        self._elapsed = 0.0
        console = Console(highlight=False)
        self._console = console if console.is_terminal else Console(highlight=False, width=_WIDTH)
        self._live = Live(console=self._console, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        where = f"to {self._elsewhere}" if self._elsewhere else "to the viewer in this process"
        self._console.print(f"Starting the venue and four services; their telemetry goes {where}.")
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, line: Mapping[str, Any] | None) -> None:
        """Show a status line of the system; None only refreshes the progress bar."""
        message = line["message"] if line else None
        if line and message == "fault":
            self._console.print(f"[yellow]{self._elapsed:5.1f} s[/]  {line['description']} ({line['name']})")
        elif line and message == "started":
            self._console.print(f"[green]ready[/]    {line['part'].replace('_', '-')}")
        elif line and message == "counts":
            self._counts, self._elapsed = line["counts"], line["elapsed"]
        if self._live.is_started:
            self._live.update(self._status(), refresh=True)

    def report(self, report: Report) -> None:
        """Print the report."""
        if not self._elsewhere:
            self._console.print(_metrics(report.metrics))
            self._console.print(_waterfall(report.order))
            self._console.print(_logs(report.order_logs))
        self._console.print(_summary(report, is_here=not self._elsewhere))

    def failed(self, sentence: str, errors: Iterable[str]) -> None:
        """Print the last errors of the system, and the reason why it failed."""
        for error in errors:
            self._console.print(error, markup=False, style="dim")
        self._console.print(f"[red]{sentence}[/]")

    def _status(self) -> RenderableType:
        ticks, orders = self._counts.get("ticks", {}), order_counts(self._store)
        received = self._store.received
        done = min(1.0, self._elapsed / self._seconds)
        bar = "█" * round(done * _BAR) + "░" * (_BAR - round(done * _BAR))
        return Group(
            Text(f"{bar} {self._elapsed:4.0f} of {self._seconds:.0f} s", style="cyan"),
            Text(
                f"ticks {ticks.get('sent', 0):,}   orders {orders['submitted']} ({orders['filled']} filled, "
                f"{orders['open']} open)   spans {received['spans']:,}   logs {received['logs']:,}   "
                f"metrics {len(self._store.metric_names())}"
            ),
        )


def _metrics(values: Iterable[MetricValue]) -> Table:
    table = Table(title="Metrics", title_justify="left", box=None, pad_edge=False)
    _columns(table, ("metric", "left"), ("service", "left"), ("series", "right"), ("value", "right"))
    for value in values:
        table.add_row(value.metric.name, value.metric.service, str(value.series), _shown(value))
    return table


def _columns(table: Table, *columns: tuple[str, JustifyMethod]) -> None:
    for name, justify in columns:
        table.add_column(name, justify=justify, no_wrap=True)


def _shown(value: MetricValue) -> str:
    unit = value.metric.unit
    if value.metric.kind != "histogram":
        return wording.measured(value.value, unit)
    return f"{value.count:,} of {wording.measured(value.mean, unit)}" if value.count else "none yet"


def _waterfall(spans: list[StoredSpan]) -> RenderableType:
    if not spans:
        return Text("No order was traced.")
    table = Table(
        title=f"One order, from tick to fill: trace {spans[0].trace_id}",
        title_justify="left",
        box=None,
        pad_edge=False,
    )
    _columns(
        table, ("service", "left"), ("span", "left"), ("from µs", "right"), ("µs", "right"), ("", "left")
    )
    begin, end = spans[0].start_ns, max(span.end_ns for span in spans)
    depths = _depths(spans)
    for span in spans:
        table.add_row(
            span.service,
            Text("  " * depths[span.span_id] + span.name, style="red" if span.is_error else ""),
            f"{(span.start_ns - begin) / _NS_PER_US:,.0f}",
            f"{(span.end_ns - span.start_ns) / _NS_PER_US:,.0f}",
            _bar(span, begin, end),
        )
    return table


def _depths(spans: list[StoredSpan]) -> dict[str, int]:
    """Return the depth of each span below its root; a span whose parent is missing counts as a root."""
    parents = {span.span_id: span.parent_id for span in spans}
    depths: dict[str, int] = {}
    for span in spans:
        chain = [span.span_id]
        # The second condition ends a cycle of parents, which a faulty sender may produce.
        while parents.get(chain[-1]) in parents and parents[chain[-1]] not in chain:
            chain.append(parents[chain[-1]])
        depths[span.span_id] = len(chain) - 1
    return depths


def _bar(span: StoredSpan, begin: int, end: int) -> str:
    scale = _BAR / max(end - begin, 1)
    left = min(int((span.start_ns - begin) * scale), _BAR - 1)
    width = max(1, min(round((span.end_ns - span.start_ns) * scale), _BAR - left))
    return " " * left + "━" * width


def _logs(records: list[StoredLog]) -> Table:
    table = Table(title="Its log lines", title_justify="left", box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for record in records[:_LOGS]:
        details = " ".join(f"{k.rpartition('.')[2]}={v}" for k, v in record.attributes.items())
        table.add_row(record.service, record.level, Text(f"{record.text} ").append(details, style="dim"))
    return table


def _summary(report: Report, *, is_here: bool) -> RenderableType:
    orders, received, ticks = report.orders, report.received, report.extra.get("ticks", {})
    lines = []
    if is_here:
        missing = f", none for {', '.join(report.missing)}" if report.missing else ""
        lines += [
            f"[bold]{len(report.metrics)} metrics[/] with data{missing}.",
            f"[bold]{received.get('traces', 0):,} traces[/] of {received.get('spans', 0):,} spans, "
            f"{received.get('logs', 0):,} logs; the order's trace: {' → '.join(services_in(report.order))}.",
            f"[bold]{orders['submitted']} orders[/] submitted = {orders['completed']} completed "
            f"({orders['filled']} filled) + {orders['open']} open.",
        ]
    lines += [
        f"[bold]{ticks.get('produced', 0):,} ticks[/] = {ticks.get('sent', 0):,} sent + "
        f"{ticks.get('withheld', 0):,} withheld{_reasons(ticks.get('withheld_by_reason', {}))}"
        + (f"; {ticks.get('received', 0):,} received" if is_here else ""),
        f"[bold]Dropped[/] telemetry: {report.dropped or 'none'}.",
    ]
    return "\n".join(["", *lines])


def _reasons(reasons: Mapping[str, int]) -> str:
    listed = ", ".join(f"{count:,} for {name.replace('_', ' ')}" for name, count in reasons.items())
    return f" ({listed})" if listed else ""
