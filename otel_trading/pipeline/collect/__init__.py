"""Collect: queues spans and log records, reads metrics, and writes the journal. Open `processors` first."""
