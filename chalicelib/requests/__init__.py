"""What clients ask for: accepting, reading, cancelling and repeating jobs."""
