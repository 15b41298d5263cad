"""The laboratory that a station file describes: keys, models, limits, and its instruments once they are opened."""
