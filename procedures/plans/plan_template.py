"""The plan that `coldfinger plan new` begins with: short, commented, and ready to be run."""

STARTING_PLAN = """\
# A plan: what is measured, one [[step]] after the other. Every quantity carries its unit.
#   coldfinger plan check FILE       is it right, and does the station allow it?
#   coldfinger plan show FILE        what will happen, and when does it end?
#   coldfinger rehearse FILE         the whole plan on the simulated refrigerator
#   coldfinger run FILE              in earnest

schema = 1
name = "{name}"
on_failure = "retry 1"           # "next", "retry 2", "hold" (safe state, wait for a person), "safe" (safe state, end)
{deadline}must_end_by = "{end}"          # local time; the next such time. With a date: "2026-11-23 08:30"

[defaults]                       # for every run that has the parameter
excitation = "gentle"

# R(T) at several fields, in rising order. Lists: "0, 30, 100 Oe", "0:600:13 Oe" (13 values), "0:600/50 Oe" (steps)
[[step]]
family = "R(T)"
fields = "{fields}"
start = "{start}"
stop = "{stop}"

# Tests of belief, where the last run has ended: "linearity", "frequency", "heating", "lead", "thermometer"
[[step]]
checks = ["linearity", "heating"]

# A field sweep at two temperatures. A loop applies to every run inside that has the parameter.
[[step]]
loop = {{ temperature = "0.2 K, 50 mK" }}

  [[step.do]]
  run = "FieldSweep"
  start = "-100 Oe"
  stop = "100 Oe"

# Other steps, without the # in front:
# [[step]]
# set = {{ field = "0 Oe", temperature = "50 mK" }}
#
# [[step]]
# wait = "30 min"                # or until = "06:00"
#
# [[step]]
# run = "DifferentialResistance"
# temperature = "50 mK"
# field = "100 Oe"
# only_if = "rho(base) > 50 kohm"    # of the last run
#
# Every step may have name, only_if, not_before, must_end_by, on_failure, repeat = 2 and disabled = true.

[end]
heater = "off"
field = "zero"                   # or "hold"; temperature = "4 K" instead of heater = "off" warms up
"""


def starting_plan(
    name: str = "night",
    fields: str = "0, 30, 100, 300 Oe",
    start: str = "0.7 K",
    stop: str = "50 mK",
    end: str = "",
) -> str:
    """The text of a new plan; without `end` the line with the deadline is a comment."""
    deadline, shown = ("", end) if end else ("# ", "08:30")
    return STARTING_PLAN.format(name=name, fields=fields, start=start, stop=stop, deadline=deadline, end=shown)
