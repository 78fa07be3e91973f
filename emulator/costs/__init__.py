"""What it would cost: AWS's prices, what was asked of it, and dollars from both."""
