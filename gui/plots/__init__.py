"""Plots of anything: curves, maps, axes, cursors; they know no run."""
