"""What is done to a stage of this project from a developer's machine."""
