"""The command that runs the venue: `python -m trading_system.venue --port 8710`."""

import argparse
import asyncio
import json
import os
import re
import socket
import sys
from pathlib import Path
from typing import NoReturn

from trading_system.venue.market import simulate
from trading_system.venue.replay import ReplayError, open_replay
from trading_system.venue.server import serve, stop_on_signals, stop_without_parent
from trading_system.venue.venue import ClientCredentials, Source

USAGE_ERROR = 2


class StartError(Exception):
    """The venue cannot start; the message is one sentence."""


class _Parser(argparse.ArgumentParser):
    """A parser that reports an error in one sentence, without the usage."""

    def error(self, message: str) -> NoReturn:
        raise StartError(f"{message}; see --help")


def main(arguments: list[str] | None = None) -> int:
    """Run the venue until it is stopped.

    Args:
        arguments: The command line, without the program.

    Returns:
        0 after a stop, 2 if the venue could not start.
    """
    try:
        options = _parser().parse_args(arguments)
        source = _source(options)
        listening = _listen(options.host, options.port)
    except (StartError, ReplayError) as error:
        print(f"venue: {error}", file=sys.stderr)
        return USAGE_ERROR
    credentials = ClientCredentials(options.key_id, options.secret_key)
    asyncio.run(_run(source, credentials, listening))
    return 0


async def _run(source: Source, credentials: ClientCredentials, listening: socket.socket) -> None:
    stopping = asyncio.Event()
    stop_on_signals(stopping)
    parent = asyncio.create_task(stop_without_parent(stopping))
    port = listening.getsockname()[1]
    ready = json.dumps({"message": "ready", "port": port})
    await serve(source, credentials, listening, stopping, lambda: print(ready, flush=True))
    parent.cancel()


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="trading_system.venue", description="A simulated venue that speaks a broker's protocols."
    )
    environ = os.environ
    add = parser.add_argument
    add("--port", type=_port, default=8710, help="0 for any free port (default: %(default)s)")
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    add("--seed", type=int, default=7, help="the same seed gives the same ticks (default: %(default)s)")
    add(
        "--rate",
        type=_positive,
        default=200.0,
        help="ticks per second, all symbols together (default: %(default)s)",
    )
    add(
        "--symbols",
        type=_symbols,
        default=("IBM", "AAPL", "MSFT"),
        help="symbols to simulate (default: IBM,AAPL,MSFT)",
    )
    add("--replay", type=Path, metavar="DIR", help="replay LEAN ticks from this folder instead")
    add(
        "--speed",
        type=_positive,
        default=60.0,
        help="replayed seconds per second (default: %(default)s)",
    )
    add(
        "--start",
        type=_time_of_day,
        default="09:30",
        metavar="HH:MM",
        help="time at which a replayed day starts",
    )
    add(
        "--key-id",
        type=_filled,
        default=environ.get("APCA_API_KEY_ID") or "demo-key",
        help="key that clients have to present",
    )
    add(
        "--secret-key",
        type=_filled,
        default=environ.get("APCA_API_SECRET_KEY") or "demo-secret",
        help="secret of that key",
    )
    return parser


def _source(options: argparse.Namespace) -> Source:
    if options.replay is None:
        return Source(options.symbols, simulate(options.symbols, seed=options.seed, rate=options.rate))
    replay, ticks = open_replay(options.replay, start=options.start, speed=options.speed)
    return Source(replay.symbols, ticks, replay)


def _listen(host: str, port: int) -> socket.socket:
    try:
        listening = socket.create_server((host, port))
    except OSError as error:
        reason = str(error.strerror).partition(" (while")[0]
        raise StartError(
            f"cannot listen on {host}:{port} ({reason}); choose another --port, or 0 for any free one"
        ) from error
    # Accepted connections inherit the option. Without it a response in two segments waits 40 ms for the
    # client's delayed acknowledgement (Nagle's algorithm, RFC 896).
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; give 0 to 65535")
    return int(text)


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return number


def _symbols(text: str) -> tuple[str, ...]:
    symbols = tuple(dict.fromkeys(symbol.strip().upper() for symbol in text.split(",")))
    if not all(re.fullmatch(r"[A-Z][A-Z.]*", symbol) for symbol in symbols):
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of symbols such as IBM,AAPL")
    return symbols


def _time_of_day(text: str) -> int:
    match = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time of day such as 09:30")
    return (int(match[1]) * 60 + int(match[2])) * 60_000


def _filled(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("a key cannot be empty")
    return text


if __name__ == "__main__":
    sys.exit(main())
