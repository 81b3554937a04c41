"""Setup: turns settings into providers, and owns them until shutdown. Open `configure` first."""
