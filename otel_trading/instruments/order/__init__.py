"""The life of an order: its states, executions, costs, metrics and trace. Open `order` first."""
