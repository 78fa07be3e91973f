"""What queues and the clock start: batches, attempts, dead letters, the sweep."""
