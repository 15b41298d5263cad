"""A queue that is written down, rehearsed, run, changed, interrupted and continued; no Qt."""
