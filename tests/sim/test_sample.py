"""The built-in films against the numbers they were designed for, and against the rules any film must obey."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldfinger.analysis.laws import curvature_zero, failed_insulator, failed_superconductor, log_resistivity
from coldfinger.sim.fluctuations import Fluctuations
from coldfinger.sim.sample import builtin_sample, first_harmonic

QUIET = {name: builtin_sample(name, fluctuations=False) for name in ("S0", "S1", "S2")}
TABLE_TEMPERATURES = np.array([0.02, 0.1, 0.2, 0.7])

fields = st.floats(-1000.0, 1000.0)
temperatures = st.floats(0.02, 4.2)

# ρ (ohm/square) at 20 mK, 0.1, 0.2 and 0.7 K; the law's three parameters in its own order; curvature zero (K).
S0_ROWS = {
    0: ((6200, 6201, 6243, 6945), "eq2", (6200, 2337, 0.80), None),
    30: ((9097, 8968, 8545, 7651), "eq1", (1.10e-4, 3.19e-5, 0.300), 0.140),
    100: ((12550, 12300, 11030, 8154), "eq1", (7.97e-5, 7.40e-5, 0.381), 0.160),
    200: ((18180, 17970, 15680, 8993), "eq1", (5.50e-5, 1.18e-4, 0.521), 0.194),
    300: ((32200, 31800, 25300, 9966), "eq1", (3.10e-5, 1.61e-4, 0.590), 0.187),
    400: ((101200, 91200, 42000, 10360), "eq1", (9.88e-6, 1.80e-4, 0.511), 0.128),
    450: ((262e3, 184e3, 47700, 10390), "eq1", (3.82e-6, 1.81e-4, 0.472), 0.099),
    500: ((1.003e6, 344e3, 51000, 10460), "eq1", (9.97e-7, 1.81e-4, 0.455), 0.077),
    550: ((7.20e6, 470e3, 52500, 10550), "eq1", (1.39e-7, 1.80e-4, 0.451), 0.059),
    600: ((math.nan, 504e3, 53100, 10640), "eq1", (0, 1.79e-4, 0.450), None),
}
S1_ROWS = {
    0: ((0, 0, 0, 2605), "mixed", (0, 23.7e3, 1.50), None),
    10: ((1367, 1367, 1377, 3594), "eq2", (1367, 19.0e3, 1.50), None),
    30: ((2241, 2241, 2250, 4118), "eq2", (2241, 16.0e3, 1.498), None),
    100: ((3852, 3852, 3858, 5110), "eq2", (3852, 10.4e3, 1.475), None),
    200: ((5262, 5262, 5267, 6009), "eq2", (5262, 5524, 1.400), None),
    300: ((6453, 6453, 6456, 6754), "eq2", (6453, 1860, 1.275), None),
    350: ((13030, 12720, 11170, 7879), "eq1", (7.67e-5, 8.66e-5, 0.382), 0.157),
    400: ((24400, 22900, 16700, 8456), "eq1", (4.10e-5, 1.35e-4, 0.392), 0.135),
    500: ((69700, 48200, 21600, 8702), "eq1", (1.44e-5, 1.59e-4, 0.321), 0.088),
    600: ((164e3, 77600, 25200, 8964), "eq1", (6.09e-6, 1.67e-4, 0.320), 0.074),
}
# S2: ρ at the temperatures named first; the logarithmic rows were printed at 0.4 K.
S2_ROWS = {
    10: ((0.02, 0.2, 0.7), (1045, 1047, 2468)),
    100: ((0.02, 0.2, 0.7), (2958, 2959, 3755)),
    300: ((0.02, 0.2, 0.7), (4849, 4850, 5066)),
    400: ((0.02, 0.2, 0.7), (5520, 5520, 5520)),
    500: ((0.02, 0.4, 0.7), (8621, 6424, 6013)),
    600: ((0.02, 0.4, 0.7), (12746, 7605, 6645)),
}
ROWS = [("S0", H, *row) for H, row in S0_ROWS.items()] + [("S1", H, *row) for H, row in S1_ROWS.items()]
"""Sample, field (Oe) and a row of the tables above."""
LAWS = {"eq1": failed_insulator, "eq2": failed_superconductor, "log": log_resistivity}
