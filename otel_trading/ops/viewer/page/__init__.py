"""The page: the viewer in a browser, with a module for each area."""
