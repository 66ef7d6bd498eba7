"""The HA9 does what its manual says, in both dialects."""

import pytest

from hil_sim.instruments.jdsu_ha9 import JdsuHa9
from hil_sim.instruments.jdsu_ha9_state import Ha9Unit
from qkdctl.clock import VirtualClock
from tests.hil_sim.instruments.light import Light
from tests.hil_sim.scpi.dialogue import Dialogue


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def light() -> Light:
    return Light()


@pytest.fixture
def voa(clock: VirtualClock, light: Light) -> JdsuHa9:
    return JdsuHa9(clock, path=light)


@pytest.fixture
def talk(voa: JdsuHa9) -> Dialogue:
    return Dialogue(voa)


def test_after_reset_it_is_dark_at_no_attenuation(talk: Dialogue, light: Light) -> None:
    talk.tell("D 0;:INP:ATT 10;WAV 1550nm;*RST;*WAI")
    assert talk.ask("ATT?;WVL?;D?;:OUTP:STAT?") == "0.00;+1.31000000E-006;1;0"
    assert not light.shutter_open


def test_the_dialects_name_the_shutter_in_opposite_senses(talk: Dialogue, light: Light) -> None:
    talk.tell("D 0")
    assert talk.ask(":OUTP:STAT?") == "1"
    assert light.shutter_open
    talk.tell(":OUTP:STAT 0")
    assert talk.ask("D?") == "1"
    assert not light.shutter_open


def test_native_wavelengths_are_set_in_nm_and_read_in_m(talk: Dialogue) -> None:
    assert talk.ask("WVL 1550 nm;WVL?;WVL? MIN;WVL? MAX") == "+1.55000000E-006;+1.20000000E-006;+1.70000000E-006"


@pytest.mark.asyncio
async def test_the_settling_bit_shows_the_prism_moving(
    clock: VirtualClock, talk: Dialogue, voa: JdsuHa9, light: Light
) -> None:
    talk.tell("ATT 25 dB")
    assert talk.ask(":STAT:OPER:COND?;:ATT?") == "2;0.00"
    await clock.advance(0.25)
    voa.update_link()
    assert light.attenuation_db == pytest.approx(12.5)
    assert talk.delay_s("*OPC?") == pytest.approx(0.25)
    await clock.advance(0.25)
    assert talk.ask(":STAT:OPER:COND?;:INP:ATT?") == "0;+2.50000000E+001"


def test_the_wide_model_ends_at_60_db(clock: VirtualClock, talk: Dialogue) -> None:
    assert talk.ask("ATT? MAX") == "100.00"
    wide = Dialogue(JdsuHa9(clock, Ha9Unit(product="HA9W")))
    assert wide.ask("ATT? MAX") == "60.00"
    assert wide.error_of("ATT 61") == -222
    with pytest.raises(ValueError, match="product"):
        Ha9Unit(product="HA10")


def test_errors_have_a_space_and_no_quotes(talk: Dialogue) -> None:
    talk.tell("NONS")
    assert talk.ask(":SYST:ERR?") == "-113, Undefined header"
    assert talk.ask(":SYST:ERR?") == "0, No Error"


def test_the_offset_shifts_what_is_shown(talk: Dialogue) -> None:
    talk.tell("ATT 10;*WAI")
    assert talk.ask("INP:OFFS 5;ATT?;ATT? MAX") == "+1.50000000E+001;+1.05000000E+002"
    assert talk.ask("INP:OFFS:DISP;:ATT?") == "0.00"
    assert talk.error_of("INP:OFFS 30") == -222


def test_absolute_power_mode(talk: Dialogue) -> None:
    talk.tell("ATT 10;*WAI")
    assert talk.error_of("OUTP:POW 5") == -221
    assert talk.ask("OUTP:APM ON;POW?;POW? MAX") == "+1.00000000E+001;+2.00000000E+001"
    assert talk.ask("OUTP:POW 5;*WAI;POW?") == "+5.00000000E+000"
    assert talk.ask("OUTP:APM?") == "1"
    assert talk.ask("ATT?") == "15.00"
    assert talk.ask("OUTP:APM?") == "0", "asking for the attenuation ends the mode"


def test_settings_are_stored_and_recalled(talk: Dialogue) -> None:
    talk.tell("ATT 10;:D 0;:INP:LCM ON;*SAV 3;*RST;*RCL 3;*WAI")
    assert talk.ask("ATT?;D?;:INP:LCM?") == "10.00;0;1"
    talk.tell("*RCL 0;*WAI")
    assert talk.ask("ATT?;D?") == "0.00;1"
    assert talk.error_of("*RCL 4") == -221
    assert talk.error_of("*SAV 0") == -222


@pytest.mark.parametrize(("choice", "open_after"), [("LAST", "1"), ("1", "1"), ("DIS", "0"), ("OFF", "0")])
def test_the_shutter_at_power_on_is_a_choice(talk: Dialogue, voa: JdsuHa9, choice: str, open_after: str) -> None:
    talk.tell(f"ATT 10;*WAI;:OUTP:STAT 1;STAT:APOW {choice}")
    voa.power_cycle()
    assert talk.ask("*WAI;:OUTP:STAT?;:ATT?") == f"{open_after};10.00"


def test_commands_without_effect_are_understood(talk: Dialogue) -> None:
    talk.tell("DISP0;DISP1;DISP:BRIG 0;ENAB OFF")
    talk.tell("RESET")
    assert talk.ask("DISP:BRIG?;ENAB?;*OPT?") == "+1.00000000E+000;1;0"
    assert talk.error() == 0
