"""Run files: the durable truth, its readable twin, and how both are read back."""
