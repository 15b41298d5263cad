"""The numbers of the paper as checks that can fail: what is claimed, where, and whether the data say so."""
