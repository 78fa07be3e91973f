"""Loads that run in a process of their own, so that ours and stock never share one."""
