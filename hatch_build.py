"""The build hook: compiles the hot modules, and adds the folders that `otel_trading.ops.assets` looks for.

It compiles recording's cells and tracing's calls. Without a C compiler, or if the compiler fails, the wheel
is pure Python, and the build prints one sentence about it. `OTEL_TRADING_BUILD=pure` compiles nothing;
`OTEL_TRADING_BUILD=compiled` makes the build fail if the compiler fails. `python hatch_build.py` compiles in
place, in a clone in which one of these modules was edited.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ASSETS = ("alerts", "collector", "dashboards", "examples")
CREATED = {"__pycache__", ".stack", "secrets", "target"}
"""Folders that programs create in a clone; the wheel contains none of these."""

PACKAGE = "otel_trading"
COMPILED = {"recording": ("cells", "sums"), "tracing/fast": ("calls", "unsampled")}
"""The modules to compile, by folder; `cells.py` becomes the extension module `_cells` beside it."""

WITHOUT_SYMBOLS = [] if sys.platform == "win32" else ["-g0"]


class BuildHook(BuildHookInterface[Any]):
    """Adds the compiled modules and the example system to the wheel."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the compiled modules, and to a standard wheel the example system's folders.

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
    """Map the example system's files to `_assets`, so that `otel-trading demo` runs from a wheel."""
    paths = (path for folder in ASSETS for path in sorted((root / folder).rglob("*")))
    kept = (p for p in paths if p.is_file() and not CREATED & set(p.relative_to(root).parts))
    return {str(path): f"otel_trading/_assets/{path.relative_to(root).as_posix()}" for path in kept}


def _compile_if_possible(root: Path) -> list[Path]:
    wanted = os.environ.get("OTEL_TRADING_BUILD", "auto")
    if wanted not in {"auto", "pure", "compiled"}:
        sys.exit(f"OTEL_TRADING_BUILD is auto, pure or compiled, not {wanted!r}")
    _remove_compiled(root)
    if wanted == "pure":
        return []
    try:
        return compile_all(root)
    except (Exception, SystemExit) as error:
        _remove_compiled(root)  # all modules or none: a process runs one form
        if wanted == "compiled":
            raise
        first_line = (str(error).splitlines() or [type(error).__name__])[0]
        sys.stderr.write(f"otel_trading: compiling failed, so it runs in pure Python: {first_line}\n")
        return []


def _remove_compiled(root: Path) -> None:
    for room in COMPILED:
        for pattern in ("_*.so", "_*.pyd", "_*.sha256"):
            for stale in (root / PACKAGE / room).glob(pattern):
                stale.unlink()


def compile_all(root: Path) -> list[Path]:
    """Compile the modules beside their sources.

    Args:
        root: The folder that contains the package.

    Returns:
        The extension modules, and the stamps beside them.
    """
    from Cython.Build import cythonize  # noqa: PLC0415 - a build of pure Python needs neither
    from setuptools import Distribution, Extension  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        extensions = [
            Extension(
                f"{PACKAGE}.{room.replace('/', '.')}._{name}",
                [str(root / PACKAGE / room / f"{name}.py")],
                extra_compile_args=WITHOUT_SYMBOLS,
            )
            for room, names in COMPILED.items()
            for name in names
        ]
        modules = cythonize(extensions, build_dir=folder, include_path=[str(root)], quiet=True)
        command = Distribution({"name": PACKAGE, "ext_modules": modules}).get_command_obj("build_ext")
        command.build_temp, command.build_lib = folder, str(root)
        command.ensure_finalized()
        command.run()
        built = [Path(output) for output in command.get_outputs()]
    return [*built, *(_stamp(root / PACKAGE / room, names) for room, names in COMPILED.items())]


def _stamp(folder: Path, names: tuple[str, ...]) -> Path:
    """Write a digest of the sources of a room, so that a test notices an extension that is out of date."""
    digest = hashlib.sha256(b"".join((folder / f"{name}.py").read_bytes() for name in names)).hexdigest()
    stamp = folder / f"_{names[0]}.sha256"
    stamp.write_text(f"{digest}\n", encoding="utf-8")
    return stamp


if __name__ == "__main__":
    _compile_if_possible(Path(__file__).parent)
