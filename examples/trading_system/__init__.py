"""An example trading system: four instrumented services and the simulated venue they trade on."""
