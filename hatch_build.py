"""The build hook: compiles the cells, and carries the folders that `otel_trading.assets` looks for.

The cells are compiled where a C compiler is; where none is, or where it fails, the wheel is pure Python and
says so in one sentence. `OTEL_TRADING_BUILD=pure` does not try, `OTEL_TRADING_BUILD=compiled` fails instead.
`python hatch_build.py` compiles in place, for a clone in which they were edited.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ASSETS = ("alerts", "collector", "dashboards/grafana", "dashboards/kibana", "examples")
LEFT_OUT = {"__pycache__", ".stack", "secrets", "target"}

FOLDER = "otel_trading/recording"
COMPILED = ("cells", "sums")
STAMP = f"{FOLDER}/_cells.sha256"
"""What the compiled modules were made from, so that a test can tell that they are out of date."""

WITHOUT_SYMBOLS = [] if sys.platform == "win32" else ["-g0"]


class BuildHook(BuildHookInterface[Any]):
    """Makes the wheel complete."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the compiled cells, and to a standard wheel the example system's folders.

        Args:
            version: "standard" or "editable"; an editable install finds everything in the clone.
            build_data: hatchling's build data; `force_include` maps a source to its place in the wheel.
        """
        root = Path(self.root)
        for built in _compile_if_possible(root):
            build_data["pure_python"] = False
            build_data["infer_tag"] = True
            if version == "standard":
                build_data["force_include"][str(built)] = built.relative_to(root).as_posix()
        if version == "standard":
            build_data["force_include"].update(_assets(root))


def _assets(root: Path) -> dict[str, str]:
    """Put the example system beside the package, so that `otel-trading demo` runs from a wheel."""
    paths = (path for folder in ASSETS for path in sorted((root / folder).rglob("*")))
    kept = (p for p in paths if p.is_file() and not LEFT_OUT & set(p.relative_to(root).parts))
    return {str(path): f"otel_trading/_assets/{path.relative_to(root).as_posix()}" for path in kept}


def _compile_if_possible(root: Path) -> list[Path]:
    wanted = os.environ.get("OTEL_TRADING_BUILD", "auto")
    if wanted not in {"auto", "pure", "compiled"}:
        sys.exit(f"OTEL_TRADING_BUILD is auto, pure or compiled, not {wanted!r}")
    for stale in (*(root / FOLDER).glob("_*.so"), *(root / FOLDER).glob("_*.pyd"), root / STAMP):
        stale.unlink(missing_ok=True)
    if wanted == "pure":
        return []
    try:
        return compile_cells(root)
    except (Exception, SystemExit) as error:
        if wanted == "compiled":
            raise
        first_line = (str(error).splitlines() or [type(error).__name__])[0]
        sys.stderr.write(
            f"otel_trading: recording runs in pure Python, as compiling it failed: {first_line}\n"
        )
        return []


def compile_cells(root: Path) -> list[Path]:
    """Compile the cells beside their source.

    Args:
        root: The folder of the sources.

    Returns:
        The extension modules, and the stamp beside them.
    """
    from Cython.Build import cythonize  # noqa: PLC0415 - a build of pure Python needs neither
    from setuptools import Distribution, Extension  # noqa: PLC0415

    sources = [root / FOLDER / f"{name}.py" for name in COMPILED]
    with tempfile.TemporaryDirectory() as folder:
        extensions = [
            Extension(f"otel_trading.recording._{name}", [str(source)], extra_compile_args=WITHOUT_SYMBOLS)
            for name, source in zip(COMPILED, sources, strict=True)
        ]
        modules = cythonize(extensions, build_dir=folder, quiet=True)
        command = Distribution({"name": "otel_trading", "ext_modules": modules}).get_command_obj("build_ext")
        command.build_temp, command.build_lib = folder, str(root)
        command.ensure_finalized()
        command.run()
        built = [Path(output) for output in command.get_outputs()]
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    (root / STAMP).write_text(f"{digest}\n", encoding="utf-8")
    return [*built, root / STAMP]


if __name__ == "__main__":
    _compile_if_possible(Path(__file__).parent)
