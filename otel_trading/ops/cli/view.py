"""The command `view`: serves the local page for all programs on this machine that send OTLP."""

from __future__ import annotations

import signal
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Any, Final

import click

from otel_trading.errors import MissingExtraError
from otel_trading.ops.viewer.intake import Intake
from otel_trading.ops.viewer.receiver import Receiver
from otel_trading.ops.viewer.request_file import RequestFile
from otel_trading.ops.viewer.store import Store

NEEDED: Final = ("jinja2", "nicegui", "uvicorn")
"""The packages of the extra `[view]`."""

_PORT: Final = click.IntRange(0, 65535)


@dataclass(frozen=True)
class Options:
    """The options of the command line; see `otel-trading view --help`."""

    port: int
    otlp_grpc: int
    otlp_http: int
    db: Path | None
    open: bool


@click.command(name="view")
@click.option("--port", type=_PORT, default=8400, show_default=True, help="Port of the page.")
@click.option(
    "--otlp-grpc", type=_PORT, default=4317, show_default=True, help="Port that receives OTLP over gRPC."
)
@click.option(
    "--otlp-http", type=_PORT, default=4318, show_default=True, help="Port that receives OTLP over HTTP."
)
@click.option("--db", type=click.Path(path_type=Path), help="Also keep the received telemetry in this file.")
@click.option("--open", is_flag=True, help="Open the page in the browser.")
def command(**options: Any) -> int:
    """Show the telemetry of services on this machine on a local page."""
    return run(Options(**options))


def run(options: Options) -> int:
    """Serve the page until SIGINT or SIGTERM.

    Returns:
        The exit code, 0.

    Raises:
        MissingExtraError: The extra `[view]` is not installed.
        ConfigurationError: A port is taken, or the database file cannot be used.
    """
    if not all(map(find_spec, NEEDED)):
        raise MissingExtraError("otel-trading view", "view")
    from otel_trading.ops.viewer.page.frame import Site  # noqa: PLC0415 - needs the extra
    from otel_trading.ops.viewer.page.server import PageServer  # noqa: PLC0415 - needs the extra

    store = Store()
    with ExitStack() as stack:
        journal = stack.enter_context(RequestFile(options.db)) if options.db else None
        intake = Intake(store, journal)
        receiver = Receiver(intake, options.otlp_http, options.otlp_grpc)
        site = Site(store, receiver.endpoint, receiver.grpc_endpoint)
        page = stack.enter_context(PageServer(site, options.port))
        click.echo(f"page       {page.url}")
        intake.replay()
        stack.enter_context(receiver)
        click.echo(
            f"OTLP       {receiver.grpc_endpoint} (grpc), {receiver.endpoint} (http/protobuf, http/json)"
        )
        click.echo(f"kept in    {options.db or 'memory'}")
        click.echo("Press Ctrl-C to stop.")
        if options.open:
            webbrowser.open(page.url)
        wait_for_the_end()
    return 0


def wait_for_the_end() -> None:
    """Wait for SIGINT or SIGTERM."""
    asked = Event()
    with at_signals(asked.set):
        asked.wait()


@contextmanager
def at_signals(call: Callable[[], None]) -> Iterator[None]:
    """Call a function at each SIGINT and SIGTERM; restore the former handlers at the end of the block."""

    def handle(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of a signal handler
        call()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
