"""Modules that OpenTelemetry loads by entry point; it is being imported meanwhile, so they import little."""
