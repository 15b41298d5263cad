"""Every command that the models are known to have, one after the other: none of them is unknown to its panel."""

import pytest

from coldfinger.sim.clock import SimClock
from coldfinger.sim.cryostat import Cryostat, Laboratory
from coldfinger.sim.magnet import MagnetModel, SwitchModel
from coldfinger.sim.places import PLACES
from coldfinger.sim.rack import sim_rack
from coldfinger.sim.sample import builtin_sample
from coldfinger.sim.scpi import Fault

SAMPLE = builtin_sample("S0", 0, fluctuations=False)
SWITCHED = Laboratory(magnet=MagnetModel(switch=SwitchModel()))
_PSU = "SIG:FLD SIG:PFLD SIG:FSET SIG:RFST SIG:CURR SIG:PCUR SIG:CSET SIG:RCST SIG:VOLT SIG:SWHT ATOB ACTN"
_LOOP = "MODE TSET P I D RANGE RAMP:ENAB RAMP:RATE HTR"
COMMANDS = {
    "SR830": """PHAS 1|PHAS?|FMOD 1|FMOD?|FREQ 7|FREQ?|RSLP 0|RSLP?|HARM 1|HARM?|SLVL 1|SLVL?|ISRC 1|ISRC?|IGND 0|IGND?
        |ICPL 1|ICPL?|ILIN 0|ILIN?|SENS 3|SENS?|RMOD 1|RMOD?|OFLT 3|OFLT?|OFSL 3|OFSL?|SYNC 0|SYNC?|OEXP 1,0,0|OEXP? 1
        |DDEF 1,0,0|DDEF? 1|OAUX? 1|AUXV 1,0|AUXV? 1|OUTP? 1|OUTR? 1|SNAP? 1,2|AGAN|ARSV|APHS|AOFF 1|SRAT 1|SRAT?|SEND 1
        |SEND?|TSTR 0|TSTR?|STRT|PAUS|TRIG|SPTS?|TRCA? 1,0,1|TRCB? 1,0,1|TRCL? 1,0,1|REST|FAST 0|FAST?|STRD|OUTX 1|OUTX?
        |OVRM 1|OVRM?|KCLK 1|KCLK?|ALRM 1|ALRM?|SSET 1|RSET 1|LOCL 0|LOCL?|*IDN?|*RST|*CLS|*ESE 1|*ESE?|*SRE 1|*SRE?
        |*ESR?|*STB?|ERRS?|ERRE 1|ERRE?|LIAS?|LIAE 1|LIAE?|*PSC 1|*PSC?""",
    "SR860": """FREQ 7|FREQ?|SLVL 1|SLVL?|SOFF 0|SOFF?|REFM 0|REFM?|SCAL 3|SCAL?|IRNG 1|IRNG?|OFLT 3|OFLT?|OFSL 1|OFSL?
        |OUTP? 0|OUTP? X|SNAP? 0,1|SNAPD?|HARM 1|HARM?|IVMD 0|IVMD?|ISRC 1|ISRC?|ICUR 0|ICUR?|ADVFILT 1|ADVFILT?|RSRC 0
        |RSRC?|FREQINT 7|FREQINT?|FREQEXT?|FREQDET?|RTRG 0|RTRG?|REFZ 0|REFZ?|COFP 0,1|COFP? 0|COFA 0,1|COFA? 0|CEXP 0,1
        |CEXP? 0|AUXV 0,1|AUXV? 0|OAUX? 0|CUROVLDSTAT?|LIAS?|ILVL?|CAPTURELEN 2|CAPTURELEN?|CAPTURECFG 0|CAPTURECFG?
        |CAPTURERATEMAX?|CAPTURERATE 1|CAPTURERATE?|CAPTURESTART ONE,IMM|CAPTURESTAT?|CAPTUREBYTES?|CAPTURESTOP
        |CAPTUREPROG?|CAPTUREVAL? 0|CAPTUREGET? 0,1|*TRG|*ESR?|*IDN?""",
    "Keysight33511B": """SOUR1:FUNC SIN|SOUR1:FUNC SQU|SOUR1:FUNC RAMP|SOUR1:FUNC PULS|SOUR1:FUNC NOIS|SOUR1:FUNC DC
        |SOUR1:FUNC ARB|SOUR1:FUNC?|DATA:ARB test,0,0,0,0,1,1,1,1|DATA:ARB:DAC more,0,0,0,0,1,1,1,1|FUNC:ARB test
        |FUNC:ARB?|FUNC:ARB:SRAT 1000|FUNC:ARB:SRAT?|FUNC:ARB:FILT OFF|FUNC:ARB:FILT?|FUNC:ARB:ADV SRAT|FUNC:ARB:ADV?
        |DATA:VOL:CLE|SOUR1:FUNC SIN|SOUR1:FREQ 7|SOUR1:FREQ?|SOUR1:VOLT 1|SOUR1:VOLT?|SOUR1:VOLT:UNIT VPP
        |SOUR1:VOLT:UNIT?|SOUR1:VOLT:OFFS 0|SOUR1:VOLT:HIGH 1|SOUR1:VOLT:LOW -1|OUTP1 ON|OUTP1?|OUTP1:LOAD INF
        |OUTP1:LOAD?|SOUR1:PHAS 0|SOUR1:PHAS?|OUTP1:POL NORM|OUTP:SYNC ON|OUTP:SYNC?|SYST:ERR?|*OPC?|*CLS|*RST|*TRG""",
    "GS200": """OUTP 0|OUTP?|:OUTPut:STATe 0|:SOUR:FUNC VOLT|:SOUR:FUNC?|:SOUR:RANG 1|:SOUR:RANG?|:SOUR:LEV 0|:SOUR:LEV?
        |:SOUR:LEV:AUTO 0|:SOUR:PROT:VOLT 30|:SOUR:PROT:CURR 0.1|:SENS:REM 0|:SENS:REM?|:SENS:GUAR 0|:SENS:GUAR?
        |:PROG:EDIT:STAR|:SOUR:LEV 0.1|:PROG:EDIT:END|:PROG:INT 1|:PROG:SLOP 1|:PROG:REP 0|:OUTP 1|:PROG:RUN|:PROG:PAUS
        |:PROG:CONT|:PROG:HOLD|:STAT:EVEN?|*STB?|:SYST:ERR?|:SYST:LFR?|*OPT?""",
    "LakeShore372": """KRDG? A|RDGK? 1|SRDG? 1|RDGR? 1|QRDG? 1|RDGPWR? 1|RDGST? 1|INSET 1,1,007,003,21,1|INSET? 1
        |INTYPE 1,0,7,1,10,0,1|INTYPE? 1|INNAME 1,"x"|INNAME? 1|INCRV 1,21|INCRV? 1|TLIMIT 1,0|TLIMIT? 1|FILTER 1,1,10,2
        |FILTER? 1|SCAN 1,0|SCAN?|FREQ 0,2|FREQ? 0|FREQ? A|CMR?|MONITOR?|OUTMODE 0,2,6,1,0,0,001|OUTMODE? 0|SETP 0,0.1
        |SETP? 0|RAMP 0,0,1|RAMP? 0|RAMPST? 0|PID 0,1,1,1|PID? 0|RANGE 0,0|RANGE? 0|HTR?|HTR? 0|HTRSET 0,120,0,0,1
        |HTRSET? 0|HTRST? 0|AOUT? 2|STILL 0|STILL?|MOUT 0,0|ANALOG 2,0,0,1,1,100,0,0|WARMUP 0,0|CRVHDR 22,"x","y",4,40,1
        |CRVHDR? 22|CRVPT 22,1,3,4|CRVPT? 22,1|CRVDEL 22|*ESR?|*STB?|*OPC?|*TST?|*CLS|*RST|EMUL 0|SETP? 2|PID? 2|RAMP? 2
        |RAMPST? 2|HTRSET? 2|TLIMIT? 2|MNMX 1,1|MNMX? 1|MNMXRST|MDAT? 1|ALARMST? 1|ALMRST|RELAYST? 1""",
    "LakeShore370": """RDGR? 1|RDGK? 1|RDGPWR? 1|RDGST? 1|RDGRNG 1,0,4,10,0,0|RDGRNG? 1|SCAN 1,0|SCAN?|HTRRNG 0|HTRRNG?
        |CMODE 3|CMODE?|CSET?|CPID?|SETP 0.1|SETP?|RAMP 0,1|RAMP?|CRVHDR? 1|CRVPT? 1,1""",
    "Triton": "|".join(f"READ:DEV:T5:TEMP:LOOP:{noun}" for noun in _LOOP.split())
    + """|READ:DEV:T5:TEMP:SIG:TEMP|READ:DEV:T5:TEMP:SIG:RES|READ:SYS:DR:CHAN|READ:SYS:DR:CHAN:MC
        |READ:DEV:P1:PRES:SIG:PRES|READ:DEV:TURB1:PUMP:SIG:STATE|READ:DEV:TURB1:PUMP:SIG:SPD|READ:SYS:DR:STATUS|READ:SYS:DR:ACTN""",
    "AMI430": """CONF:FIELD:UNITS 1|FIELD:UNITS?|CONF:RAMP:RATE:UNITS 0|RAMP:RATE:UNITS?|CONF:COIL 0.1|COIL?
        |CONF:CURR:LIMIT 50|CURR:LIMIT?|CURR:RATING?|CONF:VOLT:LIM 1|VOLT:LIM?|CONF:FIELD:TARG 0|FIELD:TARG?
        |CONF:CURR:TARG 0|CURR:TARG?|CONF:RAMP:RATE:SEG 1|RAMP:RATE:SEG?|CONF:RAMP:RATE:FIELD 1,.01,1|RAMP:RATE:FIELD:1?
        |CONF:RAMP:RATE:CURR 1,0.01,1|RAMP:RATE:CURR:1?|RAMP|PAUSE|ZERO|INCR|DECR|STATE?|FIELD:MAG?|CURR:MAG?|CURR:SUPP?
        |VOLT:MAG?|VOLT:SUPP?|CONF:PS 1|PS:INST?|CONF:PS:CURR 10|PS:CURR?|CONF:PS:HTIME 10|PS:HTIME?|CONF:PS:CTIME 10
        |PS:CTIME?|PS 1|PS?|PERS?|QU 0|QU?|SYST:REM|SYST:LOC|*RST|*CLS|SYST:ERR?|*ESR?|*STB?""",
    "MercuryIPS": "|".join(f"READ:DEV:GRPZ:PSU:{noun}" for noun in _PSU.split())
    + "|READ:DEV:MB1.T1:TEMP:SIG:TEMP?|READ:DEV:GRPX:PSU:SIG:FLD|*IDN?",
    "IPS120": "C3|V|X|R0|R1|R2|R5|R6|R7|R8|R9|R16|R18|A0|H2|J0|I0|T0.1|Q4",
}


@pytest.mark.parametrize("model", COMMANDS)
def test_no_command_is_unknown(model):
    place = next(place for place, models in PLACES.items() if model in models)
    places = [place, "lock-in"] if place == "generator" else [place]
    addresses = {name: f"GPIB0::{number}::INSTR" for number, name in enumerate(places, 1)}
    rack = sim_rack(Cryostat(SAMPLE, SWITCHED), SimClock(), addresses, models={place: model})
    panel = rack.devices[rack.names[place]]
    faults, complain = [], panel.refuse
    panel.refuse = lambda fault: faults.append(fault) or complain(fault)
    unknown = []
    for command in (part.strip() for part in COMMANDS[model].split("|")):
        rack.clock.sleep(0.3)
        rack.advance()
        faults.clear()
        reply = panel.receive(command.encode() + b"\r\n")
        refused = any(word in reply for word in (b"INVALID", b"NOT_FOUND")) or reply.startswith(b"?")
        if refused or {Fault.UNKNOWN_COMMAND, Fault.UNKNOWN_QUERY} & set(faults):
            unknown.append(command)
    assert unknown == []
