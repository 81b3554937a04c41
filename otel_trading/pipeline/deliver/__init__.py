"""Deliver: encodes batches, sends them, and accounts for every loss. Open `sender` first."""
