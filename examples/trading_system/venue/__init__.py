"""The simulated venue: a broker's requests and streams on one port, with faults on demand."""
