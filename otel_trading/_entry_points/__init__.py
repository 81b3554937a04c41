"""Modules that OpenTelemetry loads by entry point, during its own import; so they import little."""
