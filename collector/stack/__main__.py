"""Starts, stops and shows the backends on this machine: `python -m stack up | down | status | secrets`."""

from __future__ import annotations

import argparse
import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from .build import BuildError, build
from .programs import ALERTS, CONFIG, PROGRAMS, Deployment, read_ports
from .running import Stack, StackError, answers, check_ports, stop_at_signals, supervise

FOLDER = Path(os.environ.get("OTEL_TRADING_STACK") or CONFIG / ".stack")
SECRETS = CONFIG / "secrets"
RECEIVERS = ALERTS / "secrets"
_COMPOSE = ["docker", "compose", "--project-directory", str(CONFIG), "--env-file", str(CONFIG / "stack.env")]
_USAGE_ERROR = 2
_POLL = 0.2
_PAGES = {
    "OTLP (gRPC)": "OTLP_GRPC_PORT",
    "OTLP (HTTP)": "OTLP_HTTP_PORT",
    "Prometheus": "PROMETHEUS_PORT",
    "Alertmanager": "ALERTMANAGER_PORT",
    "Jaeger": "JAEGER_PORT",
    "Elasticsearch": "ELASTICSEARCH_PORT",
}


def main() -> int:
    """Run the command of the command line, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m stack", description=__doc__)
    parser.add_argument("command", choices=["up", "down", "status", "secrets", "supervise"])
    parser.add_argument("--native", action="store_true", help="start native programs even if Docker runs")
    given = parser.parse_args()
    try:
        if not given.native and given.command in ("up", "down") and not _running() and _docker_runs():
            return _compose(given.command)
        return _COMMANDS[given.command]()
    except (BuildError, StackError) as error:
        print(f"stack: {error}", file=sys.stderr)
        return _USAGE_ERROR


def _docker_runs() -> bool:
    return shutil.which("docker") is not None and all(
        subprocess.run(["docker", *words], capture_output=True, check=False).returncode == 0
        for words in (["info"], ["compose", "version"])
    )


def _compose(command: str) -> int:
    if command == "up":
        print(
            "starting the stack in containers (Docker runs here; --native starts native programs)", flush=True
        )
        create_passwords()
    words = ["up", "--detach", "--wait"] if command == "up" else ["down", "--volumes"]
    return subprocess.run([*_COMPOSE, *words], check=False).returncode


def create_passwords() -> int:
    """Create a password file for each user of the containers; existing files stay unchanged.

    Only the owner can enter the folder. Everybody can read the files in it, since each container runs as
    another user.
    """
    SECRETS.mkdir(mode=0o700, exist_ok=True)
    for name in ("elastic", "otelcol", "jaeger", "kibana", "reader", "grafana"):
        path = SECRETS / f"{name}_password"
        if not path.exists():
            path.write_text(secrets.token_urlsafe(24))
            path.chmod(0o444)
    print(f"the passwords are in {SECRETS}, including those of Grafana's admin and Elasticsearch's elastic")
    create_receiver_files()
    return 0


def create_receiver_files() -> None:
    """Create an empty file for each secret of Alertmanager's receivers, and print the empty files."""
    RECEIVERS.mkdir(mode=0o700, exist_ok=True)
    for name in ("pagerduty_routing_key", "slack_webhook_url", "smtp_password", "deadman_url"):
        path = RECEIVERS / name
        if not path.exists():
            path.touch(mode=0o444)
        if not path.stat().st_size:
            print(f"alerts do not reach this receiver until you fill its file: {path}")


def _deployment() -> Deployment:
    return Deployment(
        FOLDER, read_ports(), build(sorted({program.component for program in PROGRAMS.values()}))
    )


def _up() -> int:
    if _running():
        print("the stack runs already")
        return _status()
    print("starting the stack as native programs, without containers", flush=True)
    deployment = _deployment()
    check_ports(deployment, PROGRAMS.values())
    create_receiver_files()
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "ready").unlink(missing_ok=True)
    with (FOLDER / "supervisor.log").open("wb") as log:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", __package__ or "stack", "supervise"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    while not (FOLDER / "ready").exists():
        if supervisor.poll() is not None:
            raise StackError((FOLDER / "supervisor.log").read_text(encoding="utf-8").strip())
        time.sleep(_POLL)
    return _status()


def _supervise() -> int:
    stopping = threading.Event()
    stop_at_signals(stopping)
    with (FOLDER / "supervisor").open("a+") as lock:
        # The kernel releases the lock when the process ends, so a stale process id does no harm.
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        stack = Stack(_deployment())
        try:
            stack.start()
            _install_templates(stack.deployment)
            (FOLDER / "ready").touch()
            supervise(stack, stopping)
        finally:
            stack.close()
    return 0


def _install_templates(deployment: Deployment) -> None:
    """Install the index template; the log names a lifecycle that the server refuses."""
    script = CONFIG / "backends" / "elasticsearch" / "install.py"
    environ = {**os.environ, "ELASTICSEARCH_URL": deployment.url("ELASTICSEARCH_PORT")}
    subprocess.run([sys.executable, str(script)], env=environ, check=False)


def _running() -> int:
    """Return the process id of the supervisor, or 0; a supervisor holds the lock while it runs."""
    try:
        with (FOLDER / "supervisor").open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(lock.read() or 0)
    except FileNotFoundError:
        pass
    return 0


def _down() -> int:
    """Stop the stack, and remove its folder with all data."""
    pid = _running()
    if pid:
        os.kill(pid, signal.SIGTERM)
        while _running():
            time.sleep(_POLL)
    shutil.rmtree(FOLDER, ignore_errors=True)
    print("the stack is down" if pid else "no stack was running")
    return 0


def _status() -> int:
    ports = read_ports()
    for program in PROGRAMS.values():
        is_up = answers(f"http://127.0.0.1:{ports[program.ports[0]]}{program.ready}")
        print(f"  {program.name:14} {'up' if is_up else 'down'}")
    for page, port in _PAGES.items():
        print(f"  {page:14} http://127.0.0.1:{ports[port]}")
    print(f"  {'data and logs':14} {FOLDER}")
    return 0


_COMMANDS = {
    "up": _up,
    "down": _down,
    "status": _status,
    "secrets": create_passwords,
    "supervise": _supervise,
}

if __name__ == "__main__":
    sys.exit(main())
