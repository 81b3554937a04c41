"""The viewer: an OTLP receiver with a bounded memory, a local page and a report of the received data."""
