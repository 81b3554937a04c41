"""The programs of the repository: they generate, drill, measure and mutate. None of them is deployed."""
