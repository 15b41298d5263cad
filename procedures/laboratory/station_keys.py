"""Every key that a station file may have beside its interlocks, with its kind, range and default."""

import math

from coldfinger.procedures.laboratory.keys import Key
from coldfinger.procedures.laboratory.models import MODELS, SINE_OFFSET
from coldfinger.procedures.laboratory.notify_table import NOTIFY

_POSITIVE = 1e-300
INSTRUMENT = {"driver": Key("text", choices=tuple(MODELS)), "address": Key("text"), "identity": Key("texts", ())}
"""Beside these, the keys of the model."""
TOP = {
    "include": Key("texts", ()),
    "schema": Key("integer", low=1, high=1),
    "name": Key("text"),
    "clock": Key("text", "wall", choices=("virtual", "wall")),
    "visa_library": Key("text", ""),
}
SECTIONS: dict[str, dict[str, Key]] = {
    "simulator": {
        "sample": Key("text", "S0"),
        "seed": Key("integer", 0, low=0),
        "fluctuations": Key("flag", False),
        "base_temperature": Key("temperature", 0.01, low=1e-3, high=1),
        "base_drift": Key("temperature rate", 0.0, low=-1e-3, high=1e-3),
        "thermal_emf": Key("voltage", 0.0, low=-0.1, high=0.1),
        "mains_pickup": Key("voltage", 0.0, low=0, high=0.1),
        "mains_frequency": Key("frequency", 50.0, low=1, high=1000),
        "remanence": Key("field", 15e-4, low=0, high=0.1),
        "quench_share": Key("number", 0.0, low=0, high=1),
        "scenario": Key("text", ""),
        "speed": Key("speed", math.inf),
    },
    "roles": {
        **{role: Key("text") for role in ("lockin", "source", "controller", "bridge", "magnet")},
        "bias": Key("text", ""),
    },
    "wiring": {
        "series_resistance": Key("resistance", low=1e3, high=1e12),
        "source_resistance": Key("resistance", 50.0, low=0, high=1e6),
        "lead_resistance": Key("resistance", 350.0, low=0, high=1e6),
        "line_capacitance": Key("capacitance", low=0, high=1e-6),
        "input_resistance": Key("resistance", low=1e3, high=1e15),
        "input_capacitance": Key("capacitance", 25e-12, low=0, high=1e-8),
        "input_noise": Key("noise density", 6e-9, low=0, high=1e-3),
        "input_noise_corner": Key("frequency", 20.0, low=0, high=1e6),
        "input_current_noise": Key("current noise density", 40e-15, low=0, high=1e-6),
    },
    "sample": {
        "name": Key("text"),
        "stage": Key("text", ""),
        "squares": Key("number", low=1e-6, high=1e6),
        "end_squares": Key("number", 1.0, low=0, high=1e6),
    },
    "thermometer": {
        "calibration": Key("text", ""),
        "r0": Key("resistance", 0.0, low=_POSITIVE),
        "t0": Key("temperature", 0.0, low=_POSITIVE),
        "exponent": Key("number", 0.25, low=0.01, high=2),
        "lowest": Key("temperature", 0.0, low=1e-3),
        "highest": Key("temperature", 0.0, low=1e-3, high=400),
        "noise": Key("noise density", 10e-9, low=0, high=1e-3),
        "reading_time": Key("time", 0.25, low=1e-3, high=100),
        "excitation": Key("voltage", 20e-6, low=0, high=1),
        "control_excitation": Key("current table", ((400.0, 3.16e-9),)),
    },
    "cooling": {
        "chip_time_at_100mK": Key("time", low=1e-3, high=1e5),
        "mixing_chamber_time": Key("time", 20.0, low=1e-2, high=1e5),
        "heater": Key("current table"),
        "pid": Key("pid", (10.0, 10.0, 0.0)),
    },
    "magnet": {
        "offset": Key("field", 0.0, low=-0.1, high=0.1),
        "ramp_rate": Key("field rate", low=_POSITIVE, high=0.1),
        "tolerance": Key("field", 5e-6, low=1e-9, high=1),
        "persistent_switch": Key("flag", False),
        "switch_heat_time": Key("time", 20.0, low=5, high=120),
        "switch_cool_time": Key("time", 120.0, low=5, high=3600),
        "coil_constant": Key("coil constant", None, low=1e-6, high=10),
    },
    "bias": {
        "series_resistance": Key("resistance", 10e6, low=1e3, high=1e12),
        "step_time": Key("time", 0.1, low=1e-3, high=10),
        "auxiliary_output": Key("integer", 1, low=SINE_OFFSET, high=4),
    },
    "limits": {
        "field": Key("field", low=0, high=20),
        "field_rate": Key("field rate", low=_POSITIVE, high=0.1),
        "lowest_temperature": Key("temperature", low=1e-3, high=400),
        "highest_temperature": Key("temperature", low=1e-3, high=400),
        "current": Key("current", low=_POSITIVE, high=1),
        "bias": Key("current", 0.0, low=0, high=1),
        "bias_step": Key("current", 10e-9, low=1e-12, high=1),
        "fastest": Key("time", 60.0, low=0.1, high=1e5),
        "heater": Key("current", 0.1, low=31.6e-6, high=0.1),
        "voltage": Key("voltage", None, low=_POSITIVE, high=100),
        "dwell": Key("time", None, low=1, high=1e7),
    },
    "sample_limits": {
        "field": Key("field", None, low=0, high=20),
        "current": Key("current", None, low=_POSITIVE, high=1),
        "voltage": Key("voltage", None, low=_POSITIVE, high=100),
        "bias": Key("current", None, low=0, high=1),
    },
    "safe": {
        "magnet": Key("text", "hold", choices=("hold", "zero")),
        "dead_man": Key("time", 20.0, low=0.05, high=1e5),
    },
    "notify": NOTIFY,
}
