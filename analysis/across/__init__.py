"""What curves at several fields say together: laws of the field, crossing, regimes, scaling."""
