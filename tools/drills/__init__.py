"""Applies real faults to the real stack, and measures how soon the alerts fire: `make drill`."""
