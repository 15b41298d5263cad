"""PyVISA back end `@coldfinger`: the simulated laboratory."""

from coldfinger.sim.visa import SimVisaLibrary

WRAPPER_CLASS = SimVisaLibrary
