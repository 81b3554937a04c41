"""Deliver: encodes and sends batches, and accounts for every loss. Open `sender` first."""
