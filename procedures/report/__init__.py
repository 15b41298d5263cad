"""Everything that a set of runs says, on one page and as numbers."""
