"""Who went home is told: of a fault, of a queue that is held, of the end of the queue."""
