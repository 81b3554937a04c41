"""The life of an order: states, executions, costs, metrics and trace. Read `README.md` first."""
