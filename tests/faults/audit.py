"""Known vulnerabilities of what is installed, and the bill of it: `make audit`.

It runs in an environment of its own, so that its tools are no part of what it looks at. A dependency that
nobody could be asked about is as little a good answer as one that is vulnerable: `pip-audit` alone would pass.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any


def write_bill(python: str, path: str) -> set[str]:
    """Write what is installed beside an interpreter as a CycloneDX document, and return its components' names."""
    command = ["cyclonedx_py", "environment", "--pyproject", "pyproject.toml", "--output-file", path, python]
    subprocess.run([sys.executable, "-m", *command], check=True)
    bill = json.loads(Path(path).read_text(encoding="utf-8"))
    return {_normal(component["name"]) for component in bill["components"]}


def ask(python: str) -> list[dict[str, Any]]:
    """Return what the vulnerability service says of each dependency; nothing where it does not answer."""
    done = subprocess.run(
        [sys.executable, "-m", "pip_audit", "--skip-editable", "--progress-spinner=off", "--format=json"],
        env={**os.environ, "PIPAPI_PYTHON_LOCATION": python},
        stdout=subprocess.PIPE,  # what it complains of goes where ours does
        text=True,
        check=False,
    )
    return json.loads(done.stdout)["dependencies"] if done.stdout else []  # type: ignore[no-any-return]


def _normal(name: str) -> str:
    """Return a package's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def judge(dependencies: list[dict[str, Any]], installed: set[str]) -> list[str]:
    """Return what is wrong, a sentence each.

    Args:
        dependencies: From `ask`.
        installed: The names of those that there are.
    """
    known = [one for one in dependencies if "vulns" in one]
    wrong = [
        f"{one['name']} {one['version']} has {flaw['id']}, mended in {', '.join(flaw['fix_versions']) or 'none'}."
        for one in known
        for flaw in one["vulns"]
    ]
    silent = sorted(installed - {_normal(one["name"]) for one in known})
    if silent:
        wrong.append(
            f"The vulnerability service said nothing of {len(silent)} of {len(installed)} dependencies: "
            f"it cannot be reached, or does not know {', '.join(silent[:5])}{' ...' if silent[5:] else ''}."
        )
    return wrong


def main(python: str, path: str) -> int:
    """Write the bill, then ask; fail where something is wrong."""
    installed = write_bill(python, path)
    print(f"{path} names {len(installed)} components.")
    wrong = judge(ask(python), installed)
    print("\n".join(wrong or ["No vulnerability of them is known."]))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
