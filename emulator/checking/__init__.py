"""``python -m emulator check``: what AWS would refuse of a project, and what would hurt."""
