"""Clean: makes telemetry valid OTLP, redacts secrets and bounds sizes. Open `sanitize` first."""
