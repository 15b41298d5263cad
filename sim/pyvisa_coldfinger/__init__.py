"""PyVISA back end `@coldfinger`: the simulated laboratory."""

from coldfinger.sim.visa import SimVisaLibrary as WRAPPER_CLASS

__all__ = ["WRAPPER_CLASS"]
