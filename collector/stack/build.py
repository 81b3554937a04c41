"""Builds the programs of the stack from their public modules into a cache outside the repository.

A component is built again only if its folder here, its command or its toolchain changes.
`python collector/stack/build.py [COMPONENT ...]` prints the folder of each component.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("OTEL_TRADING_CACHE") or Path.home() / ".cache" / "otel_trading") / "stack"

GO = {"CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false -trimpath -mod=readonly", "GOTOOLCHAIN": "local"}
_USAGE_ERROR = 2
_TICK = 30.0
_LONG = 90
_LAST_LINES = 20

Command = list[str]


class BuildError(Exception):
    """A component cannot be built; the message is one sentence."""


@dataclass(frozen=True)
class Component:
    """One program of the stack.

    Attributes:
        name: The name of the component and of its folder here.
        seconds: The time of a cold build on two cores, in seconds, to estimate the time left.
        tools: The programs that build it, each with the package to install if it is missing.
        commands: Takes the folder to build into; returns the commands, which run in the component's folder.
    """

    name: str
    seconds: int
    tools: dict[str, str]
    commands: Callable[[Path], list[Command]]


_NEEDS_GO = {"go": "Go 1.26.7 or newer, from https://go.dev/dl"}
_NEEDS_JAVA = {
    "javac": "a JDK 17 or newer, such as openjdk-17-jdk",
    "mvn": "Maven 3.8 or newer, such as maven",
}


def _go(out: Path, *packages: str, tags: str = "", version: str = "") -> Command:
    tagged = ["-tags", tags] if tags else []
    return ["go", "build", f"-ldflags=-s -w{version}", *tagged, "-o", f"{out}/", *packages]


def _opensearch(out: Path) -> list[Command]:
    lib, classes = out / "lib", out / "classes"
    sources = sorted(path.name for path in (HERE / "opensearch").glob("*.java"))
    copy = ["dependency:copy-dependencies", f"-DoutputDirectory={lib}", "-DincludeScope=runtime"]
    return [["mvn", "-B", "-q", *copy], ["javac", "-cp", f"{lib}/*", "-d", str(classes), *sources]]


COMPONENTS = {
    component.name: component
    for component in (
        Component("otelcol", 375, _NEEDS_GO, lambda out: [_go(out, ".", tags="grpcnotrace")]),
        Component(
            "prometheus",
            141,
            _NEEDS_GO,
            lambda out: [
                _go(
                    out,
                    "github.com/prometheus/prometheus/cmd/prometheus",
                    "github.com/prometheus/prometheus/cmd/promtool",
                    tags="netgo,remove_all_sd",
                    version=" -X github.com/prometheus/common/version.Version=3.16.0",
                )
            ],
        ),
        Component(
            "alertmanager",
            28,
            _NEEDS_GO,
            lambda out: [
                _go(
                    out,
                    "github.com/prometheus/alertmanager/cmd/alertmanager",
                    "github.com/prometheus/alertmanager/cmd/amtool",
                    tags="netgo",
                    version=" -X github.com/prometheus/common/version.Version=0.31.1",
                )
            ],
        ),
        Component(
            "jaeger", 165, _NEEDS_GO, lambda out: [_go(out, "github.com/jaegertracing/jaeger/cmd/jaeger")]
        ),
        Component("compose", 20, _NEEDS_GO, lambda out: [_go(out, ".")]),
        Component("opensearch", 30, _NEEDS_JAVA, _opensearch),
    )
}


def build(names: Iterable[str]) -> dict[str, Path]:
    """Build the components that are not in the cache yet.

    Args:
        names: Keys of `COMPONENTS`.

    Returns:
        The folder of each component, by its name.

    Raises:
        BuildError: A toolchain is missing, or a command failed.
    """
    places = {name: CACHE / f"{name}-{_key(COMPONENTS[name])}" for name in names}
    missing = [COMPONENTS[name] for name, place in places.items() if not place.is_dir()]
    for component in missing:
        _check_tools(component)
    left = sum(component.seconds for component in missing)
    for number, component in enumerate(missing, 1):
        _report(f"[{number}/{len(missing)}] building {component.name}, about {_minutes(left)} left in all")
        _build(component, places[component.name])
        left -= component.seconds
    return places


def _key(component: Component) -> str:
    # The key does not contain the path of the folder, so that a moved repository finds its builds again.
    digest = hashlib.sha256(repr((component.commands(Path("OUT")), GO)).encode())
    for path in sorted((HERE / component.name).iterdir()):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    for tool in component.tools:
        digest.update(_version(tool).encode())
    return digest.hexdigest()[:16]


def _version(tool: str) -> str:
    if shutil.which(tool) is None:
        return ""
    flag = {"go": "version", "javac": "-version", "mvn": "-v"}[tool]
    return subprocess.run([tool, flag], capture_output=True, text=True, check=False).stdout.partition("\n")[0]


def _check_tools(component: Component) -> None:
    for tool, install in component.tools.items():
        if shutil.which(tool) is None:
            raise BuildError(
                f"{component.name} is built with {tool}, which is not installed: install {install}"
            )


def _build(component: Component, place: Path) -> None:
    """Build into a temporary folder, and rename it when complete, so that no process uses a partial build."""
    CACHE.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(dir=CACHE, prefix=f".{component.name}-") as folder:
        out = Path(folder) / "out"
        out.mkdir()
        for command in component.commands(out):
            _run(component, command)
        out.rename(place)
    _report(f"built {component.name} in {_minutes(time.monotonic() - started)}")


def _run(component: Component, command: Command) -> None:
    """Run one command, and show its last lines if it fails."""
    started = time.monotonic()
    with (
        tempfile.TemporaryFile() as output,
        subprocess.Popen(
            command, cwd=HERE / component.name, env={**os.environ, **GO}, stdout=output, stderr=output
        ) as process,
    ):
        while True:
            try:
                code = process.wait(_TICK)
                break
            except subprocess.TimeoutExpired:
                spent = time.monotonic() - started
                _report(f"  {component.name}: {_minutes(spent)} of about {_minutes(component.seconds)}")
            except BaseException:
                process.terminate()
                raise
        if code:
            output.seek(0)
            last = output.read().decode(errors="replace").splitlines()[-_LAST_LINES:]
            ended = f"{command[0]} ended with exit code {code}"
            raise BuildError("\n  ".join([f"{component.name} could not be built: {ended}", *last]))


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f} min" if seconds >= _LONG else f"{seconds:.0f} s"


def _report(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """Build the named components, or all of them, and print their folders."""
    parser = argparse.ArgumentParser(description="Build the programs of the stack into a cache.")
    parser.add_argument("component", nargs="*", choices=[*COMPONENTS, []], help="default: all of them")
    names = parser.parse_args().component or list(COMPONENTS)
    try:
        places = build(names)
    except BuildError as error:
        print(f"build: {error}", file=sys.stderr)
        return _USAGE_ERROR
    for name, place in places.items():
        print(f"{name}\t{place}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
