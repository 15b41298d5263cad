"""A new station file from a few answers: written with comments, checked before it is kept."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from coldfinger.procedures.laboratory.keys import REQUIRED
from coldfinger.procedures.laboratory.models import MODELS, ROLES, models_for
from coldfinger.procedures.laboratory.station_file import StationFile, StationFileError, check_station_text
from coldfinger.procedures.words.quantity import KINDS

ADDRESSES = {
    "SR830": "GPIB0::8::INSTR",
    "SR860": "GPIB0::4::INSTR",
    "SR865A": "GPIB0::4::INSTR",
    "Keysight33511B": "TCPIP0::192.168.0.10::5025::SOCKET",
    "LakeShore372": "TCPIP0::192.168.0.12::7777::SOCKET",
    "LakeShore370": "GPIB0::12::INSTR",
    "Triton": "TCPIP0::192.168.0.20::33576::SOCKET",
    "AMI430": "TCPIP0::192.168.0.13::7180::SOCKET",
    "MercuryIPS": "TCPIP0::192.168.0.21::7020::SOCKET",
    "IPS120": "GPIB0::25::INSTR",
    "GS200": "GPIB0::7::INSTR",
}
"""What each maker delivers; the network is an example."""
NONE = "none"
QUANTITIES = {
    "series_resistance": ("series resistor of the source", "resistance", "1 Gohm"),
    "field": ("largest field", "field", "600 Oe"),
    "highest_temperature": ("highest temperature", "temperature", "1.3 K"),
    "lowest_temperature": ("lowest temperature", "temperature", "10 mK"),
    "current": ("largest ac current", "current", "5 nA"),
    "bias": ("largest dc bias", "current", "1 uA"),
}
"""What is asked for beside instruments and sample: words, kind of quantity, usual answer."""
_EXAMPLES = {"coil_constant": '"2 mT/A"               # put in that of the magnet\'s certificate'}


@dataclass(frozen=True)
class Answers:
    """What a person says of a laboratory: a model for each role, addresses by model, the rest as text with units."""

    name: str
    models: Mapping[str, str]
    addresses: Mapping[str, str] = field(default_factory=dict)
    sample: str = "film"
    stage: str = ""
    quantities: Mapping[str, str] = field(default_factory=dict)
    simulated: bool = False

    def quantity(self, name: str) -> str:
        """The answer, or the usual one."""
        return self.quantities.get(name, QUANTITIES[name][2])


def station_text(answers: Answers, source: str = "new station") -> str:
    """The text of a station file that `check_station_text` takes. Raises StationFileError for answers that do not fit.

    One model in several roles is one box.
    """
    _check_models(answers.models, source)
    text = "\n".join([_head(answers), _instruments(answers), _rest(answers)])
    check_station_text(text, source)
    return text


def new_station(path: Path, answers: Answers) -> StationFile:
    """Write a new station file. Raises StationFileError, also where there is a file already, which stays as it is."""
    text = station_text(answers, str(path))
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise StationFileError(f"{path}: is there already; give another name, or remove it yourself") from None
    except OSError as error:
        raise StationFileError(f"{path}: cannot be written ({error.strerror}); give another place") from error
    return check_station_text(text, str(path))


def _check_models(models: Mapping[str, str], source: str) -> None:
    for role in ROLES:
        model, allowed = models.get(role, NONE), models_for(role)
        if model not in allowed and not (role == "bias" and model == NONE):
            more = f", {NONE}" if role == "bias" else ""
            raise StationFileError(
                f"{source}: {model!r:.60} cannot be the {role}; allowed are {', '.join(allowed)}{more}"
            )


def _name(model: str, answers: Answers) -> str:
    """What a box is called: by the first of its roles, the fridge where it is controller and bridge."""
    roles = [role for role in ROLES if answers.models.get(role) == model]
    return "fridge" if {"controller", "bridge"} <= set(roles) else roles[0]


def _head(answers: Answers) -> str:
    lines = [
        "# Written by coldfinger station new. docs/station.md says what every key is; the others have defaults.",
        "# coldfinger check --station FILE looks whether the laboratory is as it stands here.",
        "",
        "schema = 1",
        f"name = {json.dumps(answers.name, ensure_ascii=False)}",
        f'clock = "{"virtual" if answers.simulated else "wall"}"',
        'visa_library = ""                       # "" takes what is installed; "@py" needs no maker\'s driver',
        "",
    ]
    if answers.simulated:
        lines += ["[simulator]                             # leave this table out for real instruments"]
        lines += ['sample = "S0"                           # S0, S1, S2 or a table-sample TOML file', "seed = 0", ""]
    return "\n".join(lines)


def _instruments(answers: Answers) -> str:
    boxes = dict.fromkeys(model for role in ROLES if (model := answers.models.get(role, NONE)) != NONE)
    lines = []
    for model in boxes:
        address = answers.addresses.get(model, ADDRESSES[model])
        lines += [f"[instruments.{_name(model, answers)}]", f'driver = "{model}"', f"address = {json.dumps(address)}"]
        lines += ['# identity = ["serial number"]           # coldfinger check looks for it in the answer to *IDN?']
        for key, rule in MODELS[model].options.items():
            value = _EXAMPLES.get(key) if rule.default is REQUIRED else _written(rule.default, rule.kind)
            lines.append(f"{key} = {value}")
        lines.append("")
    lines.append("[roles]                                 # which instrument fills which role")
    for role in ROLES:
        model = answers.models.get(role, NONE)
        if model != NONE:
            lines.append(f'{role} = "{_name(model, answers)}"')
    return "\n".join([*lines, ""])


def _written(value: object, kind: str) -> str:
    if kind in KINDS:
        return f'"{value:g} {KINDS[kind][0]}"'
    return json.dumps(value)


def _rest(answers: Answers) -> str:
    said = {name: json.dumps(answers.quantity(name)) for name in QUANTITIES}
    bias = answers.models.get("bias", NONE)
    text = _REST.format(sample=json.dumps(answers.sample), stage=json.dumps(answers.stage), **said)
    if bias == NONE:
        return text.replace("@bias@", "").replace("@limit@", "")
    table = "\n[bias]                                  # of dV/dI\n" + 'series_resistance = "10 Mohm"\n'
    if MODELS[bias].auxiliaries:
        table += (
            "auxiliary_output = 1                    # 1 to 4; 0 is the dc offset of the sine output, if it has one\n"
        )
    limit = f"bias = {said['bias']}                           # dc\n" + 'bias_step = "20 nA"\n'
    return text.replace("@bias@", table).replace("@limit@", limit)


_REST = """[wiring]
series_resistance = {series_resistance}            # 1 V behind 1 Gohm gives 1 nA
source_resistance = "50 ohm"
lead_resistance = "350 ohm"             # each line, with its filter
line_capacitance = "10 nF"              # each line, cable and filter: measure it
input_resistance = "10 Mohm"            # of the lock-in
input_capacitance = "25 pF"
input_noise = "6 nV/sqrt(Hz)"           # above the corner
input_noise_corner = "20 Hz"

[sample]
name = {sample}
stage = {stage}
squares = 1.0                           # between the voltage taps
end_squares = 1.0                       # from each tap to its current contact

[thermometer]
# calibration = "curve.340"             # of your sensor, beside this file: .340, .tbl, .cof, .dat or .csv
r0 = "519 ohm"                          # without one: R = r0 exp((t0/T)^exponent), a usual form of RuO2
t0 = "3.3116756796 K"
exponent = 0.25
lowest = "8 mK"                         # outside there is no temperature
highest = "20 K"
noise = "10 nV/sqrt(Hz)"                # of the bridge
excitation = "20 uV"                    # of the sample's sensor
control_excitation = [                  # of the mixing chamber's sensor, up to this temperature
    ["25 mK", "316 pA"],
    ["60 mK", "1 nA"],
    ["20 K", "3.16 nA"],
]

[cooling]
chip_time_at_100mK = "60 s"             # thermal time constant of the chip, grows as 1/T^2
mixing_chamber_time = "20 s"
heater = [                              # up to this temperature: this heater range
    ["40 mK", "1 mA"],
    ["130 mK", "3.16 mA"],
    ["420 mK", "10 mA"],
    ["1.4 K", "31.6 mA"],
    ["20 K", "100 mA"],
]
pid = [10, 10, 0]                       # of the control loop

[magnet]
offset = "0 Oe"                         # field at the sample with no current, from symmetric sweeps
ramp_rate = "60 Oe/min"
tolerance = "0.2 Oe"                    # of the supply's reading
# coil_constant = "2 mT/A"              # of the certificate; coldfinger check compares the supply's
persistent_switch = false               # true: the magnet has one; its times must be those of the supply
@bias@
[limits]                                # what this station is never asked for, whoever asks
field = {field}
field_rate = "120 Oe/min"
lowest_temperature = {lowest_temperature}
highest_temperature = {highest_temperature}
current = {current}
@limit@
[safe]
magnet = "hold"                         # "hold" or "zero"
dead_man = "20 s"                       # after this time without a sign of life it becomes safe by itself
"""
