"""Collect: queue spans and log records, read metrics, and write the journal. Open `processors` first."""
