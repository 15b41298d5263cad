"""Plans: a file that a physicist writes, checked whole, expanded into a queue."""
