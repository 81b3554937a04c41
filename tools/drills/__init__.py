"""Puts real faults in force on the real stack, and measures how soon the alerts notice: `make drill`."""
