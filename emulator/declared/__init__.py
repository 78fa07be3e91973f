"""What a project declares, as plain values: its decorators, and the template merged into them."""
