"""Suites of one test many times over, copied into a project to be run there."""
