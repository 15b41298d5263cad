"""What a person can ask for in the window: for each type of run one table of fields."""

from dataclasses import replace

from coldfinger.gui.form.form_fields import CHOICE, COUNT, FLAG, LIST, QUANTITY, WAY, Entry, Form
from coldfinger.procedures.plans.plan_names import CHECKS, parameters_of

NOW = "now"
BY_FIELD, BY_T = "by field: R(T) at each", "by T: R(H) at each"
"""Orders of a family: a ramp at each field, or at each temperature all fields."""
TESTS = {f"test_{name}": name for name in CHECKS if name != "leads"}
"""The test that a flag of the form asks for, by the flag's key."""


def _choice(procedure: str, key: str) -> tuple[str, ...]:
    return tuple(str(choice) for choice in parameters_of(procedure)[key].choices)


_START = Entry("start", "&From", QUANTITY, None, "Temperature at which the ramp begins", "K", "temperature", empty=NOW)
_STOP = Entry("stop", "&To", QUANTITY, 0.7, "Temperature at which the ramp ends", "K", "temperature")
_PACING = (
    Entry("pacing", "&Pacing", CHOICE, "rate", "How the temperature goes on: at a rate, as fast as the sample follows "
          "(lag-limited), or from one settled point to the next", choices=_choice("TemperatureRamp", "pacing")[:-1]),
    Entry("rate", "&Rate", QUANTITY, 0.005, "How fast the set temperature moves", "K/min", low=1e-6, high=10.0,
          when=("pacing", ("rate",))),
    Entry("lag", "&Lag", QUANTITY, 0.07, "Largest distance of the sample behind the mixing chamber, as a share of T",
          low=0.001, high=0.5, when=("pacing", ("lag-limited",))),
    Entry("log_rate", "Log &rate", QUANTITY, 2.0, "How many times per hour T changes by a factor of e", "1/h", low=1e-3,
          high=1000.0, when=("pacing", ("log-rate",))),
    Entry("points", "P&oints", COUNT, 100, "Number of rows on the way", low=2, high=100000),
)  # fmt: skip
_FIELD = Entry("field", "F&ield", QUANTITY, 0.0, "Field during the run", "Oe", "field")


def _measuring(procedure: str, current: float = 1.0) -> tuple[Entry, ...]:
    """How the film is excited."""
    usual = str(parameters_of(procedure)["excitation"].default)
    return (
        Entry("excitation", "E&xcitation", CHOICE, usual, "Who chooses current and frequency: policy by resistance, "
              "gently (the least current that reaches the precision), searched on the film, or fixed here",
              choices=_choice(procedure, "excitation"), more=True),
        Entry("current", "C&urrent", QUANTITY, current, "Excitation current, rms", "nA", "current", low=1e-6,
              when=("excitation", ("fixed",)), more=True),
        Entry("frequency", "Fre&quency", QUANTITY, 7.0, "Excitation frequency", "Hz", low=0.01, high=1000.0,
              when=("excitation", ("fixed",)), more=True),
        Entry("precision", "Precisio&n", QUANTITY, 1e-3, "Wanted relative standard deviation of the resistance",
              low=1e-6, high=0.5, more=True),
    )  # fmt: skip


_ROWS = (
    Entry("window", "A&veraging", QUANTITY, 4.0, "Time over which a row is averaged", "s", low=0.1, high=3600.0,
          more=True),
    Entry("checks", "&Belief tests", CHOICE, "none", "Which tests of belief follow the ramp",
          choices=_choice("TemperatureRamp", "checks"), more=True),
)  # fmt: skip
_PLACES = (
    Entry("where", "&Where", CHOICE, "here", "Where the last run has ended, or at a temperature and field given here",
          choices=("here", "given")),
    Entry("temperature", "Te&mperature", QUANTITY, 0.05, "Temperature of the tests", "K", "temperature",
          when=("where", ("given",))),
    replace(_FIELD, when=("where", ("given",))),
    Entry("series", "&Full series", FLAG, False, "Measure the full series of currents or frequencies, not only two"),
)  # fmt: skip

FORMS = (
    Form("ramp", "Temperature ramp", "TemperatureRamp",
         (_START, _STOP, *_PACING, _FIELD, *_measuring("TemperatureRamp"), *_ROWS), "measurement"),
    Form("family", "R(T) family", "TemperatureRamp", (
        Entry("fields", "F&ields", LIST, "0, 30, 100, 300", "Fields of the family, in rising order of |H|",
              "Oe", "field", single="field"),
        Entry("order", "Ord&er", CHOICE, BY_FIELD, "by field: a temperature ramp at each field, R(T)\n"
              "by T: at each temperature all fields, standing at each; the queue then holds one sweep of the field, "
              "R(H), for each temperature, the warmest first", choices=(BY_FIELD, BY_T)),
        Entry("temperatures", "Te&mperatures", LIST, "log 0.7:0.05:8", "Temperatures, at each of which every field is "
              "measured in a run of its own", "K", "temperature", when=("order", (BY_T,))),
        *(replace(entry, when=entry.when or ("order", (BY_FIELD,))) for entry in (
            replace(_START, default=0.7, empty="", meaning="Temperature at which each ramp begins"),
            replace(_STOP, default=0.05), *_PACING,
            Entry("alternate", "Up and &down", FLAG, False, "Every other ramp goes the other way, so that the time "
                  "between two ramps is not spent on going back"))),
        *_measuring("TemperatureRamp"), _ROWS[0], replace(_ROWS[1], when=("order", (BY_FIELD,)))),
        "plan-files#steps"),
    Form("sweep", "Field sweep", "FieldSweep", (
        Entry("temperatures", "Te&mperatures", LIST, "0.05", "Temperatures, one sweep at each, the warmest first", "K",
              "temperature", single="temperature"),
        Entry("start", "&From", QUANTITY, -100.0, "Field at which the sweep begins", "Oe", "field"),
        Entry("stop", "&To", QUANTITY, 100.0, "Field at which the sweep ends", "Oe", "field"),
        Entry("points", "&Way", WAY, "", 'Fields between which is swept, for example "0, 60, -60", "loop 100 Oe" or '
              '"zigzag -50, 50 Oe x 4"; takes the place of From and To', "Oe", "field", empty="from, to once"),
        Entry("mode", "M&ode", CHOICE, "continuous", "Sweep on, or stand at each field",
              choices=_choice("FieldSweep", "mode")),
        Entry("rate", "&Rate", QUANTITY, 0.0, "Sweep rate; 0 where the resolution decides", "Oe/min", "field rate",
              low=0.0, when=("mode", ("continuous",))),
        Entry("resolution", "Reso&lution", QUANTITY, 0.8, "Finest structure that is kept: field frequency at -3 dB",
              "1/Oe", low=1e-4, high=1e4, when=("mode", ("continuous",))),
        Entry("step", "&Step", QUANTITY, 0.05, "Distance of the fields", "Oe", low=1e-4, high=1e5,
              when=("mode", ("stepped",))),
        *_measuring("FieldSweep")), "field"),
    Form("bias", "dV/dI", "DifferentialResistance", (
        Entry("fields", "F&ields", LIST, "0", "Fields, one set of curves at each", "Oe", "field", single="field"),
        Entry("temperature", "Te&mperature", QUANTITY, 0.05, "Temperature of the mixing chamber", "K", "temperature"),
        Entry("largest", "La&rgest bias", QUANTITY, 1000.0, "The dc current goes from minus to plus this", "nA", "bias",
              low=0.001),
        Entry("finest", "Finest &step", QUANTITY, 2.0, "Step of the dc current around zero", "nA", low=1e-3, high=1e5),
        Entry("points", "P&oints", COUNT, 20, "Number of bias currents on each side of zero", low=2, high=10000),
        Entry("point_time", "Time of a &point", QUANTITY, 20.0, "Averaging at each bias", "s", low=0.5, high=3600.0),
        *_measuring("DifferentialResistance", 0.5)), "didv"),
    Form("adaptive", "Adaptive ramp", "AdaptiveRamp", (
        replace(_START, default=0.7, empty="", meaning="Warmest temperature"),
        replace(_STOP, default=0.05, meaning="Coldest temperature"), _FIELD,
        Entry("budget", "Time &budget", QUANTITY, 3.0, "The measurement ends after this time at the latest", "h",
              low=0.05, high=200.0),
        Entry("energy_target", "E_a to &within", QUANTITY, 0.01, "Relative standard deviation of the activation energy "
              "at which the measurement may end", low=1e-5, high=1.0),
        Entry("base_target", "Ba&se to within", QUANTITY, 0.003, "The same of the resistance at base temperature",
              low=1e-5, high=1.0),
        *_measuring("AdaptiveRamp")), "adaptive"),
    Form("checks", "Belief tests", "LinearityCheck", (
        *(Entry(f"test_{name}", label, FLAG, name in ("linearity", "heating"), meaning) for name, label, meaning in (
            ("linearity", "&Linearity", "Does the resistance depend on the current?"),
            ("frequency", "Fre&quency", "Does it depend on the frequency, as lines and leads would make it?"),
            ("heating", "&Heating", "Does the current warm the electrons?"),
            ("lead", "Lea&ds", "Do the leads take part?"),
            ("thermometer", "Thermomete&r", "Does the thermometer's own current warm it?"))),
        *_PLACES, *_measuring("LinearityCheck")), "checks"),
    Form("set", "Set point", "", (
        Entry("to_field", "F&ield", QUANTITY, None, "Field to go to", "Oe", "field", empty="stays"),
        Entry("to_temperature", "&Temperature", QUANTITY, 0.05, "Temperature to go to and to hold", "K", "temperature",
              empty="stays")), "plan-files#steps"),
    Form("wait", "Wait", "", (
        Entry("minutes", "W&ait", QUANTITY, 30.0, "Time in which nothing moves", "min", low=0.01, high=43200.0),),
        "plan-files#steps"),
)  # fmt: skip
"""The types of runs, in the order of the chooser."""


def form(key: str) -> Form:
    """The form of that key."""
    return next(one for one in FORMS if one.key == key)
