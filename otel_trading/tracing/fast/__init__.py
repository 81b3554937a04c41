"""The fast path of tracing: it exists for speed alone. Open `README.md` first."""
