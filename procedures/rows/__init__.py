"""One row: read for a while, derived, judged."""
