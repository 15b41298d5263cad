"""A family of R(T) curves on the simulated refrigerator, from a script."""

from coldfinger.procedures import RTFamily, connect_station

with connect_station("sim", sample="S1") as station:
    family = RTFamily(station, "30, 100, 350 Oe", points=40, excitation="gentle")
    print(family.plan())  # nothing has moved yet
    result = family.run("runs")
    result.draw("runs/family.png")
print(result.table().to_string(index=False))
