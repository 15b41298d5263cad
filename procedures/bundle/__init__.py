"""Runs with everything that is needed to understand them elsewhere, in one archive."""
