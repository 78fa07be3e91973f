"""``python -m operate``: what an operator does to a stage that runs, at AWS or locally."""
