"""Every model in its place: what it is connected to, what it must not touch, and who may stand beside whom."""

import pytest

from coldfinger.sim.bias import BiasModel
from coldfinger.sim.clock import SimClock
from coldfinger.sim.cryostat import Cryostat, Laboratory
from coldfinger.sim.faults import Fault, arm
from coldfinger.sim.places import PLACES, REAL_PORTS, real_ports
from coldfinger.sim.rack import ADDRESSES, sim_rack
from coldfinger.sim.sample import builtin_sample
from coldfinger.sim.server import serve

S0, S1 = builtin_sample("S0", 0, fluctuations=False), builtin_sample("S1", 0, fluctuations=False)
QUIET = Laboratory(input_noise=None, bridge_noise=0.0)
FULL = {
    "lock-in": ("SR860", "GPIB0::4::INSTR"),
    "second lock-in": ("SR830", "GPIB0::9::INSTR"),
    "generator": ("Keysight33511B", "TCPIP0::10.0.0.5::5025::SOCKET"),
    "controller": ("Triton", "TCPIP0::10.0.0.6::33576::SOCKET"),
    "bridge": ("LakeShore370", "GPIB0::12::INSTR"),
    "magnet": ("MercuryIPS", "TCPIP0::10.0.0.7::7020::SOCKET"),
    "bias": ("GS200", "USB0::0x0B21::0x0039::91T926445::INSTR"),
}


def rack_of(clock=None, cryostat=None, **models):
    places = {place: FULL[place] for place in FULL if place in models} if models else FULL
    addresses = {place: address for place, (_, address) in places.items()}
    chosen = {place: models.get(place) or model for place, (model, _) in places.items()}
    return sim_rack(cryostat or Cryostat(S0, QUIET, second=S1), clock or SimClock(), addresses, models=chosen)


def ask(rack, place, *commands):
    port = rack.connect(rack.names[place])
    port.take()
    for command in commands:
        rack.exchange(port, command.encode() + b"\n", True)
    reply = port.take().decode().strip()
    rack.disconnect(port)
    return reply


def test_without_models_a_rack_is_the_usual_one():
    rack = sim_rack(Cryostat(S0, QUIET), SimClock())
    assert rack.models == {"lock-in": "SR830", "bridge": "LakeShore372", "magnet": "AMI430", "bias": "GS200"}


def test_a_full_rack_answers_in_every_place():
    rack = rack_of()
    assert rack.models == {place: model for place, (model, _) in FULL.items()}
    questions = {"controller": "*IDN?", "magnet": "*IDN?"}
    identities = {place: ask(rack, place, questions.get(place, "*IDN?")) for place in FULL}
    words = ("SR860", "SR830", "33511B", "TRITON", "MODEL370", "MERCURY IPS", "GS210")
    assert all(word in identity for word, identity in zip(words, identities.values(), strict=True))


@pytest.mark.parametrize(("place", "model"), [(place, model) for place in PLACES for model in PLACES[place]])
def test_every_model_wakes_up_again_after_a_power_cycle_with_the_same_wires(place, model):
    others = {"lock-in": "SR830"} if place == "generator" else {}
    rack = rack_of(**others, **{place: model})
    before = rack.devices[rack.names[place]]
    after = rack.power_cycle(before)
    assert type(after) is type(before)
    assert after is not before
    if place == "second lock-in":
        assert after._lockin is before._lockin
        assert after._lockin is not rack.cryostat.lockin


def test_a_bridge_beside_a_controller_has_neither_its_thermometer_nor_its_heater():
    rack = rack_of(controller="Triton", bridge="LakeShore372")
    ask(rack, "bridge", "SETP 0,0.5", "RANGE 0,8")
    assert rack.cryostat.loop.setpoint == 0.0
    assert rack.cryostat.loop.range_current == 0.0
    assert int(ask(rack, "bridge", "RDGST? A")) & 16  # nothing is plugged in there
    rack.clock.sleep(10.0)
    chip = float(ask(rack, "bridge", "RDGR? 1"))
    assert chip == pytest.approx(rack.cryostat.inputs["1"].resistance(rack.cryostat.now), rel=1e-5)
    ask(rack, "controller", "SET:DEV:T5:TEMP:LOOP:TSET:0.2")
    assert rack.cryostat.loop.setpoint == 0.2


def test_a_controller_beside_a_bridge_does_not_see_the_chip():
    rack = rack_of(controller="LakeShore372", bridge="LakeShore370")
    assert int(ask(rack, "controller", "RDGST? 1")) & 16
    assert int(ask(rack, "bridge", "RDGST? 2")) & 16
    ask(rack, "controller", "SETP 0,0.3")
    assert rack.cryostat.loop.setpoint == 0.3


def test_two_lockins_measure_two_films_of_one_chip():
    cryostat = Cryostat(S0, QUIET, second=S1)
    rack = rack_of(cryostat=cryostat, **{"lock-in": "SR830", "second lock-in": "SR830"})
    for place, volts in (("lock-in", 1.0), ("second lock-in", 0.5)):
        ask(rack, place, f"SLVL {volts}", "FREQ 7", "SENS 17", "OFLT 8", "ISRC 1", "ICPL 1")
    rack.clock.sleep(30.0)
    volts = [float(ask(rack, place, "OUTP? 1")) for place in ("lock-in", "second lock-in")]
    T = cryostat.chip.temperature
    for value, sample, amplitude in zip(volts, (S0, S1), (1.0, 0.5), strict=True):
        rho = float(sample.resistivity(T, cryostat.magnet.sample_after))
        # 1 nA per volt; the electrons are warmer than the chip, and the wires take their share.
        assert value == pytest.approx(rho * 1e-9 * amplitude, rel=0.15)
    assert abs(volts[0] - 2.0 * volts[1]) > 0.1 * abs(volts[0])


def test_a_lockin_without_a_second_one_has_the_noise_that_it_always_had():
    alone, beside = Cryostat(S0, seed=3), Cryostat(S0, seed=3)
    for lockin in (alone.lockin, beside.lockin, beside.second_lockin()):
        lockin.sensitivity = 1e-6
    for cryostat in (alone, beside):
        cryostat.advance(20.0)
    assert alone.lockin.output(20.0) == beside.lockin.output(20.0)
    assert beside.second_lockin().output(20.0) != beside.lockin.output(20.0)


def test_a_generator_drives_an_sr830_that_follows_it():
    rack = rack_of(**{"lock-in": "SR830", "generator": ""})
    ask(rack, "generator", "OUTP:LOAD INF", "VOLT:UNIT VRMS", "VOLT 0.5", "FREQ 13", "VOLT:OFFS 0", "OUTP 1")
    ask(rack, "lock-in", "FMOD 0", "FREQ 50", "SENS 20", "OFLT 8", "ISRC 1", "ICPL 1")
    rack.clock.sleep(30.0)
    assert float(ask(rack, "lock-in", "FREQ?")) == 13.0
    followed = float(ask(rack, "lock-in", "OUTP? 1"))
    assert followed == pytest.approx(0.5e-9 * float(S0.resistivity(0.01, 0.5)), rel=0.2)
    assert not int(ask(rack, "lock-in", "LIAS?")) & 8
    ask(rack, "lock-in", "FMOD 1")
    rack.clock.sleep(30.0)
    assert abs(float(ask(rack, "lock-in", "OUTP? 1"))) < 1e-3 * followed


def test_the_log_knows_what_a_generator_sends():
    rack = rack_of(**{"lock-in": "SR830", "generator": ""})
    ask(rack, "generator", "OUTP:LOAD INF", "VOLT:UNIT VRMS", "VOLT 0.5", "VOLT:OFFS 0.25", "OUTP 1")
    assert rack.log.of("generator amplitude")[-1].value == pytest.approx(0.5)
    assert rack.log.of("generator offset")[-1].value == 0.25
    assert not sim_rack(Cryostat(S0, QUIET), SimClock()).log.of("generator output")


def test_the_dc_offset_of_a_sine_is_a_bias_through_the_series_resistor():
    rack = rack_of(**{"lock-in": "SR860"})
    ask(rack, "lock-in", "SOFF 0.5")
    current, load = rack.cryostat.lockin.bias()
    assert current == pytest.approx(0.5e-9)
    assert load == float("inf")


def test_an_offset_adds_to_the_bias_path_and_goes_nowhere_when_a_generator_is_the_source():
    laboratory = Laboratory(input_noise=None, bias=BiasModel(10e6, 1))
    rack = rack_of(cryostat=Cryostat(S0, laboratory), **{"lock-in": "SR860"})
    ask(rack, "lock-in", "SOFF 0.5", "AUXV 0,1.0")
    assert rack.cryostat.lockin.bias() == (pytest.approx(0.5e-9 + 100e-9), 10e6)
    driven = rack_of(**{"lock-in": "SR860", "generator": ""})
    ask(driven, "lock-in", "SOFF 0.5")
    assert driven.cryostat.lockin.bias()[0] == 0.0


def test_faults_on_the_wire_strike_in_every_place():
    rack = rack_of(controller="Triton", bridge="LakeShore372")
    arm(rack, [Fault("silence", on="controller", at=5.0, for_=1.0)])
    rack.clock.sleep(5.5)
    assert ask(rack, "controller", "*IDN?") == ""
    rack.clock.sleep(1.0)
    assert "TRITON" in ask(rack, "controller", "*IDN?")


WRONG = [
    ({"oven": "SR830"}, {"oven": "GPIB0::1::INSTR"}, "no instrument called 'oven'; allowed: lock-in, second lock-in"),
    ({"magnet": "SR830"}, {"magnet": "GPIB0::1::INSTR"}, "no 'SR830' can be the magnet; allowed: AMI430, MercuryIPS"),
    ({"generator": "Keysight33511B"}, {"generator": "GPIB0::1::INSTR"}, "a generator needs a lock-in that listens"),
    ({"magnet": "AMI430"}, {}, "the magnet has no address; give it one"),
    ({}, {"bias": "GPIB0::8::INSTR", "lock-in": "GPIB::8"}, "two instruments at GPIB0::8::INSTR; give each"),
]


@pytest.mark.parametrize(("models", "addresses", "sentence"), WRONG, ids=[w[2][:30] for w in WRONG])
def test_a_rack_that_cannot_be_is_refused_with_what_is_allowed(models, addresses, sentence):
    with pytest.raises(ValueError, match=sentence):
        sim_rack(Cryostat(S0, QUIET), SimClock(), addresses, models=models)


def test_every_model_has_a_port_and_two_of_a_kind_have_two():
    assert {model for models in PLACES.values() for model in models} == set(REAL_PORTS)
    ports = real_ports(rack_of(**{"lock-in": "SR830", "second lock-in": "SR830", "magnet": "MercurySPSU"}).models)
    assert ports == {"lock-in": 8300, "second lock-in": 8301, "magnet": 7020}


def test_a_server_has_a_port_for_each_of_them():
    with serve(rack_of(SimClock(100.0))) as server:
        assert {place: server.places[place].model for place in FULL} == {
            place: model for place, (model, _) in FULL.items()
        }
        assert len({place.port for place in server.places.values()}) == len(FULL)


def test_the_usual_addresses_are_all_places():
    assert set(ADDRESSES) <= set(PLACES)
