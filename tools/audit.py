"""Audit: looks for known vulnerabilities of the installed packages, and writes their bill of materials.

`make audit` runs it in an environment of its own, so that it does not audit its own tools. It fails on a
vulnerable dependency, and on one that the vulnerability service does not know, which `pip-audit` accepts.
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
    """Write the packages of an interpreter as a CycloneDX document, and return their names."""
    command = ["cyclonedx_py", "environment", "--pyproject", "pyproject.toml", "--output-file", path, python]
    subprocess.run([sys.executable, "-m", *command], check=True)
    bill = json.loads(Path(path).read_text(encoding="utf-8"))
    return {_normal(component["name"]) for component in bill["components"]}


def ask(python: str) -> list[dict[str, Any]]:
    """Return the answer of the vulnerability service for each dependency; empty without an answer."""
    done = subprocess.run(
        [sys.executable, "-m", "pip_audit", "--skip-editable", "--progress-spinner=off", "--format=json"],
        env={**os.environ, "PIPAPI_PYTHON_LOCATION": python},
        stdout=subprocess.PIPE,  # its complaints go to our standard error
        text=True,
        check=False,
    )
    answer: dict[str, list[dict[str, Any]]] = json.loads(done.stdout or '{"dependencies": []}')
    return answer["dependencies"]


def _normal(name: str) -> str:
    """Return the normalized name of a package: https://peps.python.org/pep-0503/#normalized-names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def judge(dependencies: list[dict[str, Any]], installed: set[str]) -> list[str]:
    """Return a sentence for each problem.

    Args:
        dependencies: The answer of `ask`.
        installed: The names of the installed packages.
    """
    known = [package for package in dependencies if "vulns" in package]
    wrong = [
        f"{package['name']} {package['version']} has {flaw['id']}, "
        f"fixed in {', '.join(flaw['fix_versions']) or 'none'}."
        for package in known
        for flaw in package["vulns"]
    ]
    silent = sorted(installed - {_normal(package["name"]) for package in known})
    if silent:
        wrong.append(
            f"The vulnerability service did not answer for {len(silent)} of {len(installed)} dependencies: "
            f"it cannot be reached, or does not know {', '.join(silent[:5])}{' ...' if silent[5:] else ''}."
        )
    return wrong


def main(python: str, path: str) -> int:
    """Write the bill, ask the service, print the problems, and return the exit code."""
    installed = write_bill(python, path)
    print(f"{path} names {len(installed)} components.")
    wrong = judge(ask(python), installed)
    print("\n".join(wrong or ["None of them has a known vulnerability."]))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
