"""Deliver: encode batches, send them, and count every loss. Open `sender` first."""
