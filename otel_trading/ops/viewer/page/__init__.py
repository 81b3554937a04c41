"""The page: what the viewer shows in a browser, one module an area."""
