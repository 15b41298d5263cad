"""What the SR860 driver must put on the wire, from the manual: one row a property, see `contracts`."""

from coldfinger.instruments.roles import XY, LockInStatus
from coldfinger.instruments.sr860 import OffsetMode, ReferenceInput, ReferenceMode, Timebase
from coldfinger.instruments.srs import InputCoupling, InputGrounding, ReferenceSlope, ReferenceSource
from tests.instruments.contracts import Exchanges, Limit, Row

IDENTITY = "Stanford_Research_Systems,SR860,003693,V1.51"
APART = {"input_configuration", "line_filter"}  # several questions, and none: they have tests of their own
_ONCE: Exchanges = (("HARM?", "1"),)
ROWS = [
    Row("frequency", "FREQ?", "7", 7.0, 1.7, "FREQ 1.7", before=_ONCE),
    Row("harmonic", "HARM?", "1", 1, 3, "HARM 3", before=(("FREQ?", "7"),)),
    Row("phase", "PHAS?", "-179.5", -179.5, 12.34, "PHAS 12.34"),
    Row("sine_voltage", "SLVL?", "0.1", 0.1, 0.25, "SLVL 0.25"),
    Row("sine_offset", "SOFF?", "-0.0123", -0.0123, 0.5, "SOFF 0.5000"),
    Row("sine_offset_mode", "REFM?", "0", OffsetMode.COMMON, OffsetMode.DIFFERENCE, "REFM 1"),
    Row("reference_source", "RSRC?", "3", ReferenceSource.EXTERNAL, ReferenceSource.INTERNAL, "RSRC 0"),
    Row("reference_mode", "RSRC?", "2", ReferenceMode.DUAL, ReferenceMode.EXTERNAL, "RSRC 1"),
    Row("reference_slope", "RTRG?", "0", ReferenceSlope.SINE, ReferenceSlope.TTL_RISING, "RTRG 1"),
    Row("reference_input", "REFZ?", "1", ReferenceInput.MEGOHM_1, ReferenceInput.OHM_50, "REFZ 0"),
    Row("timebase", "TBMODE?", "0", Timebase.AUTO, Timebase.INTERNAL, "TBMODE 1"),
    Row("external_frequency", "FREQEXT?", "1000.01", 1000.01),
    Row("detection_frequency", "FREQDET?", "14", 14.0),
    Row("input_grounding", "IGND?", "0", InputGrounding.FLOAT, InputGrounding.GROUND, "IGND 1"),
    Row("input_coupling", "ICPL?", "0", InputCoupling.AC, InputCoupling.DC, "ICPL 1"),
    Row("input_range", "IRNG?", "1", 0.3, 0.01, "IRNG 4"),
    Row("sensitivity", "SCAL?", "9", 1e-3, 5e-9, "SCAL 25"),
    Row("time_constant", "OFLT?", "12", 1.0, 0.3, "OFLT 11"),
    Row("filter_slope", "OFSL?", "3", 24, 18, "OFSL 2"),
    Row("sync_filter", "SYNC?", "0", False, True, "SYNC 1"),
    Row("advanced_filter", "ADVFILT?", "1", True, False, "ADVFILT 0"),
    Row("noise_bandwidth", "ENBW?", "0.078125", 0.078125),
    Row("signal_strength", "ILVL?", "4", 4),
    Row("offset_x", "COFP? 0", "0", 0.0, 12.5, "COFP 0,12.50"),
    Row("offset_y", "COFP? 1", "-3.5", -3.5, 1.0, "COFP 1,1.00"),
    Row("offset_r", "COFP? 2", "999.99", 999.99, -2.25, "COFP 2,-2.25"),
    Row("offset_x_on", "COFA? 0", "0", False, True, "COFA 0,1"),
    Row("offset_y_on", "COFA? 1", "1", True, False, "COFA 1,0"),
    Row("offset_r_on", "COFA? 2", "0", False, True, "COFA 2,1"),
    Row("expand_x", "CEXP? 0", "1", 10, 100, "CEXP 0,2"),
    Row("expand_y", "CEXP? 1", "2", 100, 1, "CEXP 1,0"),
    Row("expand_r", "CEXP? 2", "0", 1, 10, "CEXP 2,1"),
    Row("aux_output_1", "AUXV? 0", "0", 0.0, 0.123, "AUXV 0,0.123"),
    Row("aux_output_2", "AUXV? 1", "-10.5", -10.5, 1.0, "AUXV 1,1.000"),
    Row("aux_output_3", "AUXV? 2", "5e-03", 5e-3, -0.001, "AUXV 2,-0.001"),
    Row("aux_output_4", "AUXV? 3", "1.25", 1.25, 0.5, "AUXV 3,0.500"),
    Row("aux_input_1", "OAUX? 0", "0.000333", 0.000333),
    Row("aux_input_2", "OAUX? 1", "-1.5", -1.5),
    Row("aux_input_3", "OAUX? 2", "10", 10.0),
    Row("aux_input_4", "OAUX? 3", "0", 0.0),
    Row("x", "OUTP? 0", "-4.17234e-07", -4.17234e-7),
    Row("y", "OUTP? 1", "0.951359", 0.951359),
    Row("r", "OUTP? 2", "5e-05", 5e-5),
    Row("theta", "OUTP? 3", "-179.99", -179.99),
    Row("xy", "SNAP? 0,1", "0.951359,-4.17234e-07", XY(0.951359, -4.17234e-7)),
    Row("status", "LIAS?", "24", LockInStatus.INPUT_OVERLOAD | LockInStatus.REFERENCE_UNLOCKED),
]
LIMITS = [
    Limit("frequency", 0.001, "FREQ 0.001", 0.00099, 500000, "FREQ 500000", 500000.1, before=_ONCE),
    Limit("harmonic", 1, "HARM 1", 0, 99, "HARM 99", 100, before=(("FREQ?", "5"),)),
    Limit("phase", -360, "PHAS -360", -360.01, 360, "PHAS 360", 360.01),
    Limit("sine_voltage", 1e-9, "SLVL 1e-09", 0.99e-9, 2, "SLVL 2", 2.001),
    Limit("sine_offset", -5, "SOFF -5.0000", -5.0001, 5, "SOFF 5.0000", 5.0001),
    Limit("input_range", 0.01, "IRNG 4", 0.003, 1.0, "IRNG 0", 3.0),
    Limit("sensitivity", 1e-9, "SCAL 27", 5e-10, 1.0, "SCAL 0", 2.0),
    Limit("time_constant", 1e-6, "OFLT 0", 3e-7, 3e4, "OFLT 21", 1e5),
    Limit("filter_slope", 6, "OFSL 0", 0, 24, "OFSL 3", 30),
    *(
        Limit(f"aux_output_{i + 1}", -10.5, f"AUXV {i},-10.500", -10.501, 10.5, f"AUXV {i},10.500", 10.501)
        for i in range(4)
    ),
    *(
        Limit(f"offset_{a}", -999.99, f"COFP {i},-999.99", -1000, 999.99, f"COFP {i},999.99", 1000)
        for i, a in enumerate("xyr")
    ),
    *(Limit(f"expand_{a}", 1, f"CEXP {i},0", 0, 100, f"CEXP {i},2", 1000) for i, a in enumerate("xyr")),
]
