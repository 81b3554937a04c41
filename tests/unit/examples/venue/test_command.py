"""The command: it prints one line when it is ready, ends cleanly, and prints one sentence if it cannot start."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trading_system

EXAMPLES = str(Path(trading_system.__file__).parents[1])
ENVIRONMENT = {**os.environ, "PYTHONPATH": EXAMPLES}
COMMAND = [sys.executable, "-m", "trading_system.venue"]
PATIENCE = 20

# Ends without stopping the venue that it has started.
CARELESS_PARENT = """
import subprocess, sys
command = [sys.executable, "-m", "trading_system.venue", "--port", "0"]
venue = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
print(venue.stdout.readline(), end="")
"""


def refused(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [*COMMAND, *arguments], env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert done.stdout == ""
    return done.returncode, done.stderr


@contextmanager
def running(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    with subprocess.Popen(
        [*COMMAND, *arguments], env=ENVIRONMENT, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            assert ready["message"] == "ready"
            yield process, ready["port"]
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_exit_code_0_and_frees_the_port(number: signal.Signals) -> None:
    with running("--port", "0") as (process, port):
        process.send_signal(number)
        assert process.wait(PATIENCE) == 0
        socket.create_server(("127.0.0.1", port)).close()


def test_it_ends_when_its_parent_has_ended() -> None:
    # The venue inherits the parent's stderr, so this waits for the end of both.
    parent = [sys.executable, "-W", "ignore", "-c", CARELESS_PARENT]
    done = subprocess.run(parent, env=ENVIRONMENT, capture_output=True, check=True, timeout=PATIENCE)
    assert (json.loads(done.stdout)["message"], done.stderr) == ("ready", b"")


def test_a_busy_port_is_reported_in_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        assert refused("--port", str(port)) == (
            2,
            f"venue: cannot listen on 127.0.0.1:{port} (Address already in use); "
            "choose another --port, or 0 for any free one\n",
        )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--port", "x"], "argument --port: 'x' is not a port; give 0 to 65535; see --help"),
        (["--rate", "0"], "argument --rate: '0' is not a number above 0; see --help"),
        (["--speed", "fast"], "argument --speed: 'fast' is not a number above 0; see --help"),
        (["--start", "25:00"], "argument --start: '25:00' is not a time of day such as 09:30; see --help"),
        (
            ["--symbols", "IBM,,"],
            "argument --symbols: 'IBM,,' is not a list of symbols such as IBM,AAPL; see --help",
        ),
        (["--key-id", ""], "argument --key-id: a key cannot be empty; see --help"),
        (["--rat", "2", "--nonsense"], "unrecognized arguments: --nonsense; see --help"),
        (
            ["--replay", "/nowhere"],
            "the replay folder '/nowhere' does not exist; give one such as .../equity/usa/tick/ibm",
        ),
    ],
)
def test_wrong_input_is_reported_in_one_sentence(arguments: list[str], sentence: str) -> None:
    assert refused(*arguments) == (2, f"venue: {sentence}\n")


def test_a_replay_folder_without_ticks_is_reported_in_one_sentence(tmp_path: Path) -> None:
    assert refused("--replay", str(tmp_path)) == (
        2,
        f"venue: the replay folder '{tmp_path}' has no ticks; it needs YYYYMMDD_trade.zip and "
        "YYYYMMDD_quote.zip, in it or in one folder per symbol\n",
    )


def test_a_damaged_zip_is_reported_in_one_sentence(tmp_path: Path) -> None:
    torn = tmp_path / "20131007_trade.zip"
    torn.write_bytes(b"PK\x03\x04 and no more")
    assert refused("--replay", str(tmp_path)) == (
        2,
        f"venue: the replay file '{torn}' is not a complete zip (File is not a zip file); download it again\n",
    )
