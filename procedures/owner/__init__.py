"""The process that owns a station, and its clients."""
