"""Instruments looked at: front panels, traffic, log."""
