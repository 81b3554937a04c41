"""The demo: runs the example system in child processes, the viewer in this process, and prints a report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import TYPE_CHECKING, Any, Final

import click
from typing_extensions import Self

from otel_trading.errors import ConfigurationError, MissingExtraError
from otel_trading.ops import assets
from otel_trading.ops.cli import view
from otel_trading.ops.viewer.receiver import Receiver
from otel_trading.ops.viewer.report import build
from otel_trading.ops.viewer.store import Store

if TYPE_CHECKING:
    from otel_trading.ops.viewer.screen import Screen

_NEEDED: Final = ("alpaca", "msgpack", "numpy", "rich", "starlette", "websockets", "zmq", *view.NEEDED)
_PAGE_PORT: Final = 8400
_REFRESH: Final = 0.25
_USAGE_ERROR: Final = 2
_REPLAY_SAMPLES: Final = "0.1"
"""The sample ratio of a replay, which has more ticks than the simulated market."""


@dataclass(frozen=True)
class Options:
    """The options of the command line; see `otel-trading demo --help`."""

    seconds: float
    replay: Path | None
    speed: float
    seed: int
    report: Path | None
    faults: bool
    keep: bool | None


@click.command(name="demo")
@click.option("--seconds", type=click.FloatRange(min=1), default=60, help="Seconds to trade (default: 60).")
@click.option("--replay", type=click.Path(path_type=Path), help="Replay LEAN ticks from this folder.")
@click.option(
    "--speed",
    type=click.FloatRange(min=0, min_open=True),
    default=60,
    help="How many seconds of the replayed day pass in a second (default: 60).",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=7, help="Seed of the simulated market (default: 7)."
)
@click.option("--report", type=click.Path(path_type=Path), help="Also write the report as JSON to this file.")
@click.option(
    "--keep/--no-keep", default=None, help="Keep serving the page after the run (default: yes in a terminal)."
)
@click.option(
    "--faults/--no-faults", default=True, help="Make the venue misbehave on purpose (default: yes)."
)
def command(**options: Any) -> int:
    """Run the example trading system, and show its telemetry."""
    return run(Options(**options))


def run(options: Options) -> int:
    """Run the demo.

    Returns:
        The exit code: 0 if every part of the system ran and stopped on request.

    Raises:
        MissingExtraError: The extra `[demo]` is not installed.
        ConfigurationError: The report cannot be written, or the replay cannot be read.
    """
    if not all(find_spec(name) for name in _NEEDED):
        raise MissingExtraError("otel-trading demo", "demo")
    from otel_trading.ops.viewer.screen import Screen  # noqa: PLC0415 - needs the extra

    _check_report(options.report)
    store = Store()
    # A user who has set an endpoint wants the telemetry there, so this process then serves no page.
    elsewhere = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    with ExitStack() as stack:
        endpoint = elsewhere or _serve(stack, store)
        with Screen(store, options.seconds, elsewhere) as screen:
            environ = _environ(options, endpoint, is_elsewhere=bool(elsewhere))
            with _System(options, environ) as system:
                for line in system.lines():
                    screen.show(line)
        if system.sentence and system.code == _USAGE_ERROR:
            raise ConfigurationError(system.sentence)
        _report(options, store, system, screen)
        if not elsewhere and not system.was_interrupted and _is_kept(options):
            click.echo("\nThe page runs until Ctrl-C.")
            view.wait_for_the_end()
    return 1 if system.code else 0


def _serve(stack: ExitStack, store: Store) -> str:
    """Serve the page, print its URL, and return the endpoint that receives telemetry."""
    from otel_trading.ops.viewer.page.frame import Site  # noqa: PLC0415 - needs the extra
    from otel_trading.ops.viewer.page.server import PageServer  # noqa: PLC0415 - needs the extra

    receiver = stack.enter_context(Receiver(store))
    site = Site(store, receiver.endpoint, receiver.grpc_endpoint)
    page = stack.enter_context(PageServer(site, _PAGE_PORT, or_free=True))
    note = f" (port {_PAGE_PORT} is taken)" if page.is_elsewhere else ""
    click.echo(f"Watch it at {page.url}{note}")
    return receiver.endpoint


def _is_kept(options: Options) -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty() if options.keep is None else options.keep


def _report(options: Options, store: Store, system: _System, screen: Screen) -> None:
    lost = _lost(system.health)
    for signal_name, reasons in lost.items():
        for reason, count in reasons.items():
            store.note_reported(signal_name, reason, count)
    report = build(store, lost, _account(system.counts, store))
    screen.report(report)
    if options.report is not None:
        options.report.write_text(json.dumps(report.as_dict(), indent=2) + "\n", encoding="utf-8")
    if system.code:
        screen.failed(system.sentence or f"the system ended with exit code {system.code}", system.errors)


class _System:
    """The example system as a child process, which starts its parts as further children.

    The child runs in its own session, so that Ctrl-C does not reach its parts directly. This process stops it
    by SIGTERM, and it then stops its parts one after another. It does the same if this process is killed.
    """

    def __init__(self, options: Options, environ: Mapping[str, str]) -> None:
        self.counts: dict[str, Any] = {}
        self.health: dict[str, Any] = {}
        self.sentence = ""
        self.code = 0
        self.was_interrupted = False
        self.errors: deque[str] = deque(maxlen=20)
        self._lines: Queue[dict[str, Any] | None] = Queue()
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "trading_system.run", *_arguments(options)],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C signals the whole process group of a terminal
        )

    def lines(self) -> Iterator[dict[str, Any] | None]:
        """Yield the status lines of the system, and None a few times a second, until the system has ended."""
        readers = [Thread(target=read, daemon=True) for read in (self._read, self._keep_errors)]
        for reader in readers:
            reader.start()
        with view.at_signals(self._stop):
            while readers[0].is_alive() or not self._lines.empty():
                try:
                    line = self._lines.get(timeout=_REFRESH)
                except Empty:
                    line = None
                if line is not None:
                    self._note(line)
                yield line
            self.code = self._process.wait()
        # The pipes end with the process, so the readers have read everything after the join.
        for reader in readers:
            reader.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait()

    def _stop(self) -> None:
        self.was_interrupted = True
        self._process.terminate()

    def _note(self, line: dict[str, Any]) -> None:
        self.counts = line.get("counts") or self.counts
        if line["message"] == "ended":
            self.health = line["health"]
        elif line["message"] == "failed":
            self.sentence = line["sentence"]

    def _read(self) -> None:
        assert self._process.stdout is not None
        for text in self._process.stdout:
            try:
                line = json.loads(text)
            except ValueError:
                continue
            if "service" not in line:  # logs of the services arrive by OTLP as well
                self._lines.put(line)

    def _keep_errors(self) -> None:
        assert self._process.stderr is not None
        self.errors.extend(text.rstrip() for text in self._process.stderr)


def _check_report(path: Path | None) -> None:
    if path is not None and (path.is_dir() or not path.absolute().parent.is_dir()):
        raise ConfigurationError(
            f"the report cannot be written to {str(path)!r}: name a file in a folder that exists"
        )


def _arguments(options: Options) -> list[str]:
    given = {"--seconds": options.seconds, "--speed": options.speed, "--seed": options.seed}
    arguments = [text for name, value in given.items() for text in (name, str(value))]
    if options.replay is not None:
        arguments += ["--replay", str(options.replay.absolute())]
    return arguments if options.faults else [*arguments, "--no-faults"]


def _environ(options: Options, endpoint: str, *, is_elsewhere: bool) -> dict[str, str]:
    environ = {"OTEL_TRADING_ENVIRONMENT": "demo", "OTEL_TRADING_EXPORT_INTERVAL": "2"}
    if options.replay is not None:
        environ["OTEL_TRADING_SAMPLE_RATIO"] = _REPLAY_SAMPLES
    environ = {
        **environ,
        **os.environ,
        "PYTHONPATH": str(assets.find("examples")),
        "TRADING_PARENT_PID": str(os.getpid()),
    }
    if not is_elsewhere:
        environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint
        environ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf"
    return environ


def _lost(health: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Add up the losses of the services, by signal and reason; they include the losses of each route."""
    lost: dict[str, dict[str, int]] = {}
    for service in health.values():
        for signal_name, reasons in service["losses"].items():
            for reason, count in reasons.items():
                sums = lost.setdefault(signal_name, {})
                sums[reason] = sums.get(reason, 0) + count
    return lost


def _account(counts: Mapping[str, Any], store: Store) -> dict[str, Any]:
    """Return the account of the ticks: the counts of the venue, and those that the services report."""
    ticks = counts.get("ticks", {})
    received = sum(s.value for s in store.series_of("trading.market_data.message.received"))
    dropped: dict[str, int] = {}
    for series in store.series_of("trading.market_data.message.dropped"):
        reason = str(series.attributes.get("trading.market_data.drop.reason"))
        dropped[reason] = dropped.get(reason, 0) + int(series.value)
    account = {**ticks, "received": int(received), "dropped_by_reason": dropped}
    account["unaccounted"] = ticks.get("sent", 0) - int(received)
    venue = {"venue": {"orders": counts.get("orders", {}), "replay": counts.get("replay")}}
    return {"ticks": account, **venue}
