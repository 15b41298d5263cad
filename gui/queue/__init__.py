"""The queue: its table, its changes, its files, its rehearsal."""
