"""Jobs as values and rules: states, transitions, ids, messages, problems. No AWS, no HTTP."""
