"""Configure: start telemetry from settings, once per process."""

from __future__ import annotations

import os
from contextlib import ExitStack
from threading import Lock
from typing import Any, Final

from otel_trading._guard import guard
from otel_trading.errors import ConfigurationError
from otel_trading.pipeline.setup.telemetry import Telemetry

_PACKAGE: Final = "otel_trading"


class _Process:
    """The telemetry of this process."""

    lock = Lock()
    telemetry: Telemetry | None = None
    by_entry_point = False


def configure(service_name: str | None = None, **settings: Any) -> Telemetry:
    """Start telemetry. Before this call, every other call of this package is a no-op.

    Each setting is a keyword, or the environment variable `OTEL_TRADING_<SETTING>`, or OpenTelemetry's own
    variable; the reference page on settings lists them. If another library has set providers, they are used
    unchanged. If `OTEL_CONFIG_FILE` names a configuration file, that file describes the providers.

    Args:
        service_name: The name of the service, such as `execution-engine`.
        **settings: Any other setting, such as `environment="paper"`.

    Returns:
        The handle to flush, read the health, and shut down. Process exit and SIGTERM shut down as well.

    Raises:
        ConfigurationError: A setting is unknown or wrong, a port is taken, or telemetry already runs.
    """
    with _Process.lock:
        running = _Process.telemetry if _Process.telemetry and _Process.telemetry.running else None
        if running is not None and not _Process.by_entry_point:
            raise ConfigurationError(
                "configure() was called while telemetry runs: call it once, where the process starts, or "
                "first call shutdown() on the result of the earlier call."
            )
        if running is not None:
            running.shutdown()
        _Process.telemetry = _start({"service_name": service_name, **settings})
        _Process.by_entry_point = False
        return _Process.telemetry


def is_running() -> bool:
    """Return whether telemetry runs in this process: after `configure` and before `shutdown`."""
    return _Process.telemetry is not None and _Process.telemetry.running


def attach_to_globals() -> None:
    """Attach to the global providers; `opentelemetry-instrument` calls this through an entry point.

    Do nothing if telemetry runs already, or if no global provider is one of the SDK's.
    """
    with _Process.lock, guard("attaching under opentelemetry-instrument"):
        if is_running():
            return
        from otel_trading.pipeline.setup import assembly  # noqa: PLC0415 - imports the SDK

        providers = assembly.find_foreign()
        if providers.by_signal:
            with ExitStack() as undo:
                assembly.attach(providers, _version(), undo)
                _Process.telemetry = Telemetry(providers, None, undo.pop_all().close)
                _Process.by_entry_point = True


def _start(keywords: dict[str, Any]) -> Telemetry:
    """Start telemetry, or undo everything and raise."""
    from otel_trading.pipeline.setup.resolve import resolve  # noqa: PLC0415 - only `configure` needs the table

    path = os.environ.get("OTEL_CONFIG_FILE")
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        resolve(keywords, os.environ)  # wrong settings are reported even if telemetry is disabled
        return Telemetry(None, None)
    from otel_trading.pipeline.setup import assembly, config_file  # noqa: PLC0415 - imports the SDK

    config = config_file.load(path) if path else None
    settings = resolve(keywords, os.environ, None if config is None else config_file.settings_in(config))
    version = _version()
    with ExitStack() as on_failure, ExitStack() as undo:
        assembly.set_redaction(settings, undo)
        providers = assembly.find_or_build(settings, config, version)
        on_failure.callback(providers.close, 0.0)
        assembly.attach(providers, version, undo, defer=settings.defer_span_ends)
        assembly.capture_others(providers, settings, undo)
        on_failure.pop_all()
        return Telemetry(providers, None if config else settings.endpoint, undo.pop_all().close)


def _version() -> str:
    from importlib.metadata import version  # noqa: PLC0415 - it reads the file system, slowly

    return version(_PACKAGE)
