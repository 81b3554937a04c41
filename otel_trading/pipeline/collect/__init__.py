"""Collect: takes what the SDK hands over, queues it, and writes the journal. Open `processors` first."""
