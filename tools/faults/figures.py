"""Figures: measures the ten figures of docs/reliability.md for this SDK and for OpenTelemetry alone: `make faults`.

The hot path runs for `FAULT_SECONDS`, the outage lasts for `OUTAGE_SECONDS`.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tools.faults.endpoint import Endpoint, Mode, blackhole, environment, http_endpoint, refused

ROOT = Path(__file__).parents[2]

SECONDS = float(os.environ.get("FAULT_SECONDS", "20"))
OUTAGE_S = float(os.environ.get("OUTAGE_SECONDS", "60"))
RECOVERY_S = 2.0
"""Seconds before the end of an outage in which the endpoint works again."""
BOTH = ("ours", "raw")
DOWN = Mode(status=503)


def start(sdk: str, scenario: str, endpoint: Endpoint, **env: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tools.faults.measured", sdk, scenario],
        env=environment(endpoint, PYTHONPATH=str(ROOT), **env),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def finish(child: subprocess.Popen[str]) -> dict[str, Any]:
    out, _ = child.communicate(timeout=OUTAGE_S + 1800)
    if child.returncode:
        raise RuntimeError(f"the child ended with the exit code {child.returncode}: it has no figure")
    found = [line for line in out.splitlines() if line.startswith("{")]
    return json.loads(found[0]) if found else {}


@contextmanager
def served(mode: Mode | None = None) -> Iterator[Endpoint]:
    with http_endpoint() as endpoint:
        endpoint.mode = mode or Mode()
        yield endpoint


def one(sdk: str, scenario: str, mode: Mode | None = None, **env: str) -> tuple[dict[str, Any], Endpoint]:
    with served(mode) as endpoint:
        return finish(start(sdk, scenario, endpoint, FAULT_SECONDS=str(SECONDS), **env)), endpoint


def hot_path(sdk: str) -> str:
    """Run with an endpoint and without one at the same time, so that other load affects both alike."""
    raised, _ = one(sdk, "values")
    with served() as endpoint, refused() as url:
        ends = endpoint, Endpoint(url, "http/protobuf")
        both = [start(sdk, "hot_path", end, FAULT_SECONDS=str(SECONDS)) for end in ends]
        up, down = (finish(child)["p99_us"] for child in both)
    return f"{raised['raised']} of {raised['calls']} calls raise; p99 down/up {down / up:.2f} ({down:.0f}/{up:.0f} us)"


def poison(sdk: str) -> str:
    _, endpoint = one(sdk, "poison")
    return f"{501 - len(endpoint.spans)} of 501 lost"


def accounting(sdk: str) -> str:
    found, endpoint = one(sdk, "burst", Mode(delay=0.05))
    arrived, account = len(endpoint.spans), found.get("account")
    if account is None:
        return f"{arrived} of {found['produced']} arrived, the rest counted nowhere"
    exact = (account["produced"], account["delivered"]) == (found["produced"], arrived)
    left = account["produced"] - account["delivered"] - account["lost"]
    return f"{arrived} arrived + {account['lost']} dropped = {found['produced']}: {'exact' if exact and not left else 'WRONG'} {account['dropped']}"


def endings(sdk: str) -> str:
    took, results = {}, set()
    for name, fault in {"refused": refused, "blackhole": blackhole}.items():
        with fault() as url:
            found = finish(start(sdk, "endings", Endpoint(url, "http/protobuf")))
            took[name] = found["total_s"]
            results.add(found["flush_result"])
    for name, mode in {
        "hangs": Mode(hangs=True),
        "503": DOWN,
        "429": Mode(status=429, retry_after="600"),
    }.items():
        found, _ = one(sdk, "endings", mode)
        took[name] = found["total_s"]
        results.add(found["flush_result"])
    seconds = ", ".join(f"{name} {value:.1f}" for name, value in took.items())
    return f"at most {max(took.values()):.1f} s ({seconds}); flush returned {' and '.join(map(str, sorted(results)))}"


def outage(sdk: str) -> str:
    with served(DOWN) as endpoint, tempfile.TemporaryDirectory() as journal:
        env = {"JOURNAL": journal} if sdk == "ours" else {}
        child = start(sdk, "outage", endpoint, FAULT_SECONDS=str(OUTAGE_S), **env)
        time.sleep(OUTAGE_S - RECOVERY_S)
        endpoint.mode = Mode()
        found = finish(child)
        arrived = {(r.event_name, next(a.value.int_value for a in r.attributes if a.key == "number")) for r in endpoint.records}  # fmt: skip
        audit = {number for name, number in arrived if name == "trading.order.filled"} | journaled(journal)
    others = sum(name == "trading.test" for name, _ in arrived)
    lost = found["produced"] - len(arrived)
    counted = (found["account"] or {}).get("lost")
    return (
        f"{found['audit'] - len(audit)} of {found['audit']} audit events lost; "
        f"others {100 - 100 * others / (found['produced'] - found['audit']):.1f} %, "
        f"{'all counted' if counted == lost else f'{counted or 0} of {lost} counted'} ({OUTAGE_S:.0f} s, 300/s)"
    )


def journaled(directory: str) -> set[int]:
    """Return the numbers of the events in a journal."""
    files = Path(directory).glob("audit-*")
    return {
        json.loads(line)["attributes"]["number"] for file in files for line in file.read_text().splitlines()
    }


def killed(sdk: str) -> str:
    with served(DOWN) as endpoint, tempfile.TemporaryDirectory() as journal:
        child = start(sdk, "terminated", endpoint, JOURNAL=journal)
        child.stdout.readline()  # type: ignore[union-attr]
        child.send_signal(signal.SIGKILL)
        child.communicate()
        kept = sum(len(file.read_text().splitlines()) for file in Path(journal).glob("audit-*"))
        return f"{100 - kept} of 100 events lost"


def forks(sdk: str) -> str:
    found, endpoint = one(sdk, "forks")
    last: dict[str, int] = {}
    for resource in endpoint.items_of("metrics", "resource_metrics"):
        names = {pair.key: pair.value.string_value for pair in resource.resource.attributes}
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                if metric.name == "trading.risk.check.performed":
                    instance = names.get("service.instance.id", "")
                    last[instance] = sum(point.as_int for point in metric.sum.data_points)
    twice, missing = (
        sum(max(0, own - 100) for own in last.values()),
        500 - sum(min(100, own) for own in last.values()),
    )
    return f"{len(endpoint.spans)} of {found.get('spans', 500)} spans; of 500 counts {twice} twice and {missing} missing"


def memory(sdk: str) -> str:
    with refused() as url:
        found = finish(start(sdk, "memory", Endpoint(url, "http/protobuf")))
    return f"+{found['growth_mb']:.0f} MB"


def secrets(sdk: str) -> str:
    with served() as endpoint, tempfile.TemporaryDirectory() as journal:
        done = subprocess.run(
            [sys.executable, "-m", f"tools.faults.canaries{'' if sdk == 'ours' else '_raw'}"],
            env=environment(endpoint, JOURNAL=journal, SINK="http://127.0.0.1:9", PYTHONPATH=str(ROOT)),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        if not (endpoint.spans and endpoint.records and endpoint.metrics):
            raise RuntimeError("nothing arrived that could hold a secret")
        text = endpoint.text + done.stdout + done.stderr
        text += "".join(file.read_text() for file in Path(journal).glob("audit-*"))
        carriers = re.findall(r"CARRIERS (\d+)", done.stderr)[0]
        return f"{len(set(re.findall('CANARY[0-9]+X7', text)))} of {carriers} found"


def terminated(sdk: str) -> str:
    with served() as endpoint:
        child = start(sdk, "terminated", endpoint)
        child.stdout.readline()  # type: ignore[union-attr]
        child.terminate()
        child.communicate()
        return f"{len(endpoint.spans)} of 100 spans, {len(endpoint.records)} of 100 events; exit {child.returncode}"


FIGURES: dict[str, Callable[[str], str]] = {
    "1 hot path": hot_path,
    "2 poison": poison,
    "3 accounting": accounting,
    "4 flush and shutdown": endings,
    "5 outage": outage,
    "6 SIGKILL": killed,
    "7 fork and multiprocessing": forks,
    "8 memory": memory,
    "9 secrets": secrets,
    "10 SIGTERM": terminated,
}


IDLE = {"4 flush and shutdown", "5 outage"}
"""Figures that mostly wait: both SDKs run at the same time."""


def row(name: str) -> str:
    with ThreadPoolExecutor(len(BOTH) if name in IDLE else 1) as pool:
        return f"| {name} | {' | '.join(pool.map(FIGURES[name], BOTH))} |"


def main() -> int:
    """Print the table; the arguments of the command line choose figures by their number."""
    chosen = [name for name in FIGURES if not sys.argv[1:] or name.split()[0] in sys.argv[1:]]
    print("| figure | otel_trading | OpenTelemetry alone |\n|--|--|--|", flush=True)
    for name in chosen:
        print(row(name), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
