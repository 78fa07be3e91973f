"""Requests and answers: routes, what they refuse, what a job looks like to its clients."""
