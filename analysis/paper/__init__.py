"""The figures of the paper, drawn from plain data or from a folder of runs."""
