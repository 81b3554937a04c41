"""Setup: turn settings into providers, and own them until shutdown. Open `configure` first."""
