"""The measuring current: which one, which frequency, which filter, and how the film is asked."""
