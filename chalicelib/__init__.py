"""The job service: work is accepted with a 202, done by a queue's worker, and kept for polling."""
