"""Red bonds, backbone and limiting bond against cutting one bond at a time and against the current itself."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldfinger.analysis.granular.clusters import (
    backbone,
    critical_subnetwork,
    limiting_conductance,
    red_bonds,
    spans,
)
from coldfinger.analysis.granular.duality import dual
from coldfinger.analysis.granular.percolation import film, scaling
from coldfinger.analysis.granular.resistor_lattice import Strip, solve


def diluted(n, length, p, seed, spread=1.0):
    """Random conductances on a share p of the bonds: no two paths balance."""
    rng = np.random.default_rng(seed)

    def bonds(shape):
        return np.where(rng.random(shape) < p, np.exp(spread * rng.standard_normal(shape)), 0.0)

    return Strip(bonds((n, length)), bonds((n - 1, length - 1)))


lattices = st.builds(diluted, st.integers(1, 6), st.integers(1, 6), st.floats(0.3, 0.95), st.integers(0, 10**6))


@settings(max_examples=80, deadline=None)
@given(strip=lattices)
def test_red_is_what_parts_the_bars_when_cut(strip):
    red = red_bonds(strip)
    for name, found in (("along", red.along), ("across", red.across)):
        for place in np.argwhere(getattr(strip, name) > 0):
            bonds = {"along": strip.along.copy(), "across": strip.across.copy()}
            bonds[name][tuple(place)] = 0.0
            parted = spans(strip) and not spans(Strip(**bonds))
            assert found[tuple(place)] == parted
    assert not red.along[strip.along == 0].any()
    assert not red.across[strip.across == 0].any()


@settings(max_examples=150, deadline=None)
@given(strip=lattices)
def test_backbone_is_what_carries_current(strip):
    found, on = solve(strip), backbone(strip)
    floor = 1e-11 * max(found.conductance, 1e-30)
    if found.conductance == 0:
        assert on.count == 0
        return
    flows = [np.abs(np.nan_to_num(current)) > floor for current in (found.current_along, found.current_across)]
    assert (on.along == flows[0]).all()
    assert (on.across == flows[1]).all()


@settings(max_examples=80, deadline=None)
@given(strip=lattices)
def test_resistance_is_at_least_that_of_the_red_bonds(strip):
    red = red_bonds(strip)
    in_series = (1 / strip.along[red.along]).sum() + (1 / strip.across[red.across]).sum()
    assert solve(strip).resistance >= in_series * (1 - 1e-12)
    on = backbone(strip)
    assert (red.along <= on.along).all()
    assert (red.across <= on.across).all()


def test_limiting_bond_is_red_in_the_critical_network():
    strip = diluted(30, 30, 1.0, 3, spread=4.0)
    limit, critical = limiting_conductance(strip), critical_subnetwork(strip)
    assert spans(critical)
    at = red_bonds(critical)
    assert limit in [*critical.along[at.along], *critical.across[at.across]]
    assert not spans(Strip(strip.along * (strip.along > limit), strip.across * (strip.across > limit)))


def test_limiting_conductance_of_insulator_and_superconductor():
    assert limiting_conductance(Strip([[0.0, 1.0]], np.empty((0, 1)))) == 0.0
    assert limiting_conductance(Strip([[np.inf, np.inf]], np.empty((0, 1)))) == np.inf
    assert limiting_conductance(Strip([[np.inf, 2.0, 5.0]], np.empty((0, 2)))) == 2.0


@settings(max_examples=60, deadline=None)
@given(n=st.integers(1, 8), length=st.integers(1, 8), seed=st.integers(0, 10**6))
def test_limiting_bond_of_the_dual_crosses_that_of_the_film(n, length, seed):
    strip = diluted(n, length, 1.0, seed, spread=4.0)
    assert limiting_conductance(dual(strip)) == pytest.approx(1 / limiting_conductance(strip), rel=1e-14)


def test_one_half_of_all_networks_of_the_self_dual_shape_span():
    # A network spans exactly if its dual does not, and at p = 1/2 both are equally probable (Kesten 1980).
    counts = 0
    for bits in itertools.product([0.0, 1.0], repeat=5):
        counts += spans(Strip(np.reshape(bits[:4], (2, 2)), [[bits[4]]]))
    assert counts == 16


def test_red_bonds_and_backbone_grow_with_their_published_dimensions():
    # 1/nu = 3/4 (Coniglio 1981) and 1.6434 (Xu et al., Phys. Rev. E 89, 012120 (2014)) at the threshold.
    sizes, red, bone = [8, 16, 32, 64], [], []
    for size in sizes:
        rng, counts = np.random.default_rng(size), []
        while len(counts) < 150:
            strip = film(size, size, rng, insulating=0.5)
            if spans(strip):
                counts.append((red_bonds(strip).count, backbone(strip).count))
        mean, sd = np.mean(counts, axis=0), np.std(counts, axis=0) / math.sqrt(len(counts))
        for found, k in ((red, 0), (bone, 1)):
            found.append((math.log(mean[k]), sd[k] / mean[k]))
    for found, published in ((red, 0.75), (bone, 1.6434)):
        dimension = scaling(sizes, *zip(*found, strict=True)).exponent
        assert dimension.sd < 0.06
        assert abs(-dimension.value - published) < 3.5 * math.hypot(dimension.sd, dimension.systematic)


def test_deep_lattice_needs_no_recursion():
    comb = Strip(np.ones((1, 5000)), np.empty((0, 4999)))
    assert backbone(comb).count == red_bonds(comb).count == 5000


@pytest.mark.parametrize("p", [0.0, 0.2])
def test_nothing_is_red_where_nothing_spans(p):
    strip = diluted(15, 15, p, 1)
    assert not spans(strip)
    assert red_bonds(strip).count == backbone(strip).count == 0
