"""The viewer: an OTLP receiver with a bounded memory, and a report of what it received."""
