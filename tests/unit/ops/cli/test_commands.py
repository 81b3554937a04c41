"""The command line: a usage error is one sentence and exit code 2."""

from __future__ import annotations

import os
import sys

import click
import pytest

from otel_trading.errors import ConfigurationError
from otel_trading.ops import assets, cli


@pytest.fixture(autouse=True)
def _nothing_runs(monkeypatch):
    """Make a test fail if it starts the example system."""
    monkeypatch.setattr("subprocess.Popen", None)


def refused(capsys, *arguments: str) -> str:
    with pytest.raises(SystemExit) as ended:
        cli.main(list(arguments))
    output = capsys.readouterr()
    assert (ended.value.code, output.out) == (2, "")
    assert output.err.count("\n") == 1
    return output.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["dmeo"], "No such command 'dmeo'"),
        (["demo", "--second", "5"], "No such option '--second'"),
        (["demo", "--seconds", "0"], "Invalid value for '--seconds': 0.0 is not in the range x>=1"),
        (["demo", "--seconds", "soon"], "Invalid value for '--seconds': 'soon' is not a valid float"),
        (["demo", "--speed", "0"], "Invalid value for '--speed': 0.0 is not in the range x>0"),
        (["demo", "--seed", "x"], "Invalid value for '--seed': 'x' is not a valid integer"),
        (["view", "--port", "65536"], "Invalid value for '--port': 65536 is not in the range 0<=x<=65535"),
        (["view", "--host", "0.0.0.0"], "No such option '--host'"),
    ],
)
def test_a_mistake_is_one_sentence(capsys, arguments, sentence):
    assert refused(capsys, *arguments).startswith(f"otel-trading: {sentence}")


@pytest.mark.parametrize("path", ["no/such/folder/report.json", "."])
def test_a_report_that_cannot_be_written_is_named_before_the_start(capsys, tmp_path, path):
    where = str(tmp_path / path)
    expected = (
        f"otel-trading: the report cannot be written to {where!r}: name a file in a folder that exists\n"
    )
    assert refused(capsys, "demo", "--report", where) == expected


def test_a_missing_extra_is_named_with_the_command_that_installs_it(capsys, monkeypatch):
    monkeypatch.setattr(
        "otel_trading.ops.cli.demo.find_spec", lambda name: None if name == "zmq" else object()
    )
    expected = "otel-trading: otel-trading demo needs the extra [demo]: pip install 'otel_trading[demo]'\n"
    assert refused(capsys, "demo") == expected


def test_the_page_needs_its_extra(capsys, monkeypatch):
    monkeypatch.setattr(
        "otel_trading.ops.cli.view.find_spec", lambda name: None if name == "nicegui" else object()
    )
    expected = "otel-trading: otel-trading view needs the extra [view]: pip install 'otel_trading[view]'\n"
    assert refused(capsys, "view") == expected


def test_a_file_that_cannot_be_used_is_named_before_anything_is_served(capsys, tmp_path, monkeypatch):
    monkeypatch.undo()  # a library of the page's runs `ldconfig` at its import
    where = tmp_path / "no" / "view.db"
    assert refused(capsys, "view", "--db", str(where)).startswith(
        f"otel-trading: the file {str(where)!r} cannot be used"
    )


def test_an_interrupt_has_the_exit_code_130(capsys, monkeypatch):
    def interrupt(_: object) -> int:
        raise click.Abort

    monkeypatch.setattr("otel_trading.ops.cli.demo.run", interrupt)
    with pytest.raises(SystemExit) as ended:
        cli.main(["demo"])
    assert (ended.value.code, capsys.readouterr().err) == (130, "")


def test_the_version_is_that_of_the_package(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("otel-trading, version 0.")


def test_assets_are_found_beside_the_package():
    assert (assets.find("examples") / "quickstart.py").is_file()


def test_assets_of_a_wheel_come_first(monkeypatch, tmp_path):
    (tmp_path / "_assets" / "examples").mkdir(parents=True)
    monkeypatch.setattr(assets, "_PACKAGE", tmp_path)
    assert assets.find("examples") == tmp_path / "_assets" / "examples"


def test_missing_assets_are_named():
    with pytest.raises(ConfigurationError, match="the folder 'dashbords' is missing from this installation"):
        assets.find("dashbords")


def test_importing_the_command_line_needs_no_extra():
    extras = ("rich", "zmq", "alpaca", "numpy", "uvicorn")
    code = f"import sys, otel_trading.ops.cli; sys.exit(any(n.startswith({extras!r}) for n in sys.modules))"
    assert os.spawnl(os.P_WAIT, sys.executable, sys.executable, "-c", code) == 0
