"""Fits of Eq. 1 and Eq. 2 to one curve: start, value, uncertainty, limits, and which law it is."""
