"""`otel-trading init` writes a folder that can be started, and never overwrites a changed file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from otel_trading.ops import assets, cli
from otel_trading.ops.cli.deploy import MANIFEST


def init(capsys, *arguments: object) -> tuple[int, str]:
    """Run `init`; return its exit code and its output."""
    with pytest.raises(SystemExit) as ended:
        cli.main(["init", *map(str, arguments)])
    output = capsys.readouterr()
    return int(ended.value.code or 0), output.out + output.err


def content(folder):
    return {
        path.relative_to(folder): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != MANIFEST
    }


def test_the_folder_holds_the_data_of_the_package_and_nothing_of_this_machine(capsys, tmp_path):
    folder = tmp_path / "new" / "deploy"
    code, output = init(capsys, folder)
    assert code == 0
    written = content(folder)
    for name in ("otelcol.yaml", "compose.yaml", "stack.env", "stack/__main__.py"):
        assert written[Path("collector", name)] == (assets.find("collector") / name).read_bytes()
    assert written[Path("alerts", "alertmanager.yml")]
    assert written[Path("dashboards", "grafana", "trading-operations.json")]
    assert written[Path("dashboards", "kibana", "trading-logs.ndjson")]
    programs = {place.parts[:2] for place in written if place.suffix == ".py"}
    assert programs == {("collector", "backends"), ("collector", "stack")}
    assert not {"secrets", ".stack", "__pycache__"} & {part for place in written for part in place.parts}
    assert f"wrote {len(written)} of {len(written)} files to {folder}\n" in output
    assert "otel-trading doctor" in output


def test_a_second_time_changes_nothing(capsys, tmp_path):
    init(capsys, tmp_path)
    before = content(tmp_path)
    code, output = init(capsys, tmp_path)
    assert (code, content(tmp_path)) == (0, before)
    assert "all is up to date" in output


@pytest.fixture
def changed(capsys, tmp_path):
    """A folder with one file that the user changed."""
    init(capsys, tmp_path)
    (place,) = tmp_path.rglob("otelcol.extras.yaml")
    place.write_text("exporters: {}\n")
    return place


def test_a_changed_file_is_named_and_stays(capsys, tmp_path, changed):
    code, output = init(capsys, tmp_path)
    assert code == 2
    assert changed.read_text() == "exporters: {}\n"
    name = changed.relative_to(tmp_path).as_posix()
    assert output == (
        f"otel-trading: {name} in {str(tmp_path)!r} would be overwritten, but was changed or is yours: "
        "move it away, or give --force\n"
    )


def test_a_changed_file_is_overwritten_with_force(capsys, tmp_path, changed):
    code, output = init(capsys, tmp_path, "--force")
    assert code == 0
    assert changed.read_bytes() == (assets.find("collector") / "otelcol.extras.yaml").read_bytes()
    assert output.startswith("wrote 1 of ")


def test_an_unchanged_file_of_an_earlier_version_is_updated(capsys, tmp_path, changed):
    manifest = tmp_path / MANIFEST
    digests = json.loads(manifest.read_text())
    name = changed.relative_to(tmp_path).as_posix()
    from hashlib import sha256

    manifest.write_text(json.dumps({**digests, name: sha256(changed.read_bytes()).hexdigest()}))
    assert init(capsys, tmp_path)[0] == 0
    assert changed.read_bytes() == (assets.find("collector") / "otelcol.extras.yaml").read_bytes()


@pytest.mark.parametrize("manifest", ["", "[1]", '{"a": ', "null"])
def test_a_damaged_manifest_protects_every_changed_file(capsys, tmp_path, changed, manifest):
    (tmp_path / MANIFEST).write_text(manifest)
    code, output = init(capsys, tmp_path)
    assert code == 2
    assert changed.name in output


def test_a_file_in_place_of_the_folder_is_named(capsys, tmp_path):
    place = tmp_path / "file"
    place.touch()
    assert init(capsys, place) == (2, f"otel-trading: {str(place)!r} is a file: name a folder\n")


def test_a_folder_that_cannot_be_created_is_named(capsys, tmp_path):
    (tmp_path / "file").touch()
    place = tmp_path / "file" / "folder"
    code, output = init(capsys, place)
    assert code == 2
    assert output == f"otel-trading: {str(place)!r} cannot be written to: Not a directory\n"
