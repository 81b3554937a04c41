"""The fast path of tracing: it exists for speed alone. Read `README.md` first."""
