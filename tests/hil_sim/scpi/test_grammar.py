"""The rules of the SCPI grammar (IEEE 488.2, SCPI-99)."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil_sim.scpi.mnemonic import Mnemonic
from qkdctl.clock import VirtualClock
from tests.hil_sim.scpi.dialogue import Dialogue
from tests.hil_sim.scpi.probe import Probe

FORMS = {"INP": "INPUT", "ATT": "ATTENUATION", "LEV": "LEVEL"}


@pytest.fixture
def probe() -> Probe:
    return Probe(VirtualClock())


@pytest.fixture
def talk(probe: Probe) -> Dialogue:
    return Dialogue(probe)


@pytest.mark.parametrize("second", ["ATT", "attenuation"])
@pytest.mark.parametrize("first", ["inp", "INPUT"])
def test_short_and_long_forms_are_the_same_command(talk: Dialogue, first: str, second: str) -> None:
    talk.tell(f"{first}:{second} 3")
    assert talk.ask("INP:ATT?") == "+3.00000000E+000"


@given(
    node=st.sampled_from(sorted(FORMS)),
    length=st.integers(1, 12),
    case=st.lists(st.booleans(), min_size=12, max_size=12),
)
def test_nothing_between_the_forms_is_accepted_in_any_case(node: str, length: int, case: list[bool]) -> None:
    talk = Dialogue(Probe(VirtualClock()))
    word = FORMS[node][:length]
    written = "".join(letter.upper() if up else letter.lower() for letter, up in zip(word, case, strict=False))
    header = {"INP": f"{written}:ATT?", "ATT": f"INP:{written}?", "LEV": f"INP:ATT:{written}?"}[node]
    if word in {node, FORMS[node]}:
        assert talk.ask(header) == "+0.00000000E+000"
    else:
        assert talk.error_of(header) == -113


def test_a_semicolon_continues_in_the_same_branch_with_the_same_channel(talk: Dialogue, probe: Probe) -> None:
    talk.tell("INP2:ATT 7;STAT ON")
    assert probe.levels == {1: 0.0, 2: 7.0}
    assert talk.ask("INP2:ATT?;STAT?") == "+7.00000000E+000;1"


def test_a_leading_colon_returns_to_the_root_and_without_it_the_branch_holds(talk: Dialogue) -> None:
    assert talk.ask("INP:ATT 3;:INP:ATT?") == "+3.00000000E+000"
    assert talk.error_of("INP:ATT 3;INP:ATT?") == -113


def test_common_commands_leave_the_branch_alone(talk: Dialogue) -> None:
    assert talk.ask("INP:ATT 3;*OPC?;ATT?") == "1;+3.00000000E+000"


def test_the_branch_does_not_outlive_its_message(talk: Dialogue) -> None:
    talk.tell("INP:ATT 3")
    assert talk.error_of("STAT ON") == -113


def test_optional_nodes_and_numeric_suffixes_may_be_left_out(talk: Dialogue, probe: Probe) -> None:
    for line in ("INP:ATT 1", "INP1:ATT:LEV 2", "INPUT1:ATTENUATION:LEVEL 3"):
        talk.tell(line)
    assert probe.levels[1] == 3
    assert talk.error_of("INP3:ATT 1") == -114
    assert talk.error_of("SOUR:MODE POW") == -114
    assert talk.ask("SOUR2:MODE?") == "CURR"


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("3", 3.0),
        ("+3.", 3.0),
        (".5", 0.5),
        ("5E-1", 0.5),
        ("0.05 e +1", 0.5),
        ("2dB", 2.0),
        ("2 DB", 2.0),
        ("MIN", 0.0),
        ("maximum", 10.0),
        ("DEF", 1.0),
    ],
)
def test_numbers_have_many_forms(talk: Dialogue, probe: Probe, written: str, value: float) -> None:
    talk.tell(f"INP:ATT {written}")
    assert (talk.error(), probe.levels[1]) == (0, value)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("10.1", -222),
        ("-1E-9", -222),
        ("1e999", -222),
        ("1m", -131),
        ("1.2.3", -120),
        ("MINI", -141),
        ("INF", -141),
        ("", -109),
        ("1,2", -108),
        ('"1"', -104),
    ],
)
def test_a_wrong_value_is_refused_not_clipped(talk: Dialogue, probe: Probe, written: str, code: int) -> None:
    probe.levels[1] = 4.0
    assert talk.error_of(f"INP:ATT {written}") == code
    assert probe.levels[1] == 4.0


def test_limits_may_depend_on_the_channel(talk: Dialogue) -> None:
    assert (
        talk.ask("INP:ATT? MAX;:INP2:ATT? MAX;:INP2:ATT? MIN") == "+1.00000000E+001;+2.00000000E+001;+0.00000000E+000"
    )


@pytest.mark.parametrize(
    ("written", "metres"), [("1500nm", 1.5e-6), ("1.5um", 1.5e-6), ("0.001 mm", 1e-6), ("1e-6", 1e-6), ("1E-6M", 1e-6)]
)
def test_unit_suffixes_scale_to_the_base_unit(talk: Dialogue, probe: Probe, written: str, metres: float) -> None:
    talk.tell(f"LENG {written}")
    assert probe.values["length"] == pytest.approx(metres, rel=1e-12)


def test_booleans_words_and_integers(talk: Dialogue, probe: Probe) -> None:
    for written, on in (("ON", "1"), ("0", "0"), ("1", "1"), ("off", "0"), ("2.4", "1"), ("0.4", "0")):
        talk.tell(f"INP:STAT {written}")
        assert talk.ask("INP:STAT?") == on
    assert talk.error_of("INP:STAT YES") == -224
    assert talk.ask("SOUR2:MODE POWER;MODE?") == "POW"
    assert talk.error_of("SOUR2:MODE POWE") == -224
    assert talk.ask("SOUR2:NUMB 0;NUMB?") == "+1"
    assert talk.error_of("SOUR2:NUMB 2") == -224
    assert talk.ask("COUN 3.6;COUN?") == "4"
    assert talk.error_of("COUN 10") == -222
    assert talk.error_of("COUN 1 dB") == -138


def test_lists_arrive_whole(talk: Dialogue, probe: Probe) -> None:
    talk.tell("LIST (@1,2),(@17,18)")
    assert probe.values["text"] == "(@1,2),(@17,18)"
    talk.tell('LIST "a;b"')
    assert probe.values["text"] == '"a;b"'


def test_a_query_may_need_a_parameter(talk: Dialogue) -> None:
    assert talk.ask("PART? 3") == "4"
    assert talk.error_of("PART?") == -109
    assert talk.error_of("PART? 5") == -222


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("NONSense?", -113),
        ("INP:ATT:LEV:MORE?", -113),
        ("INP?", -113),
        ("WORK?", -113),
        ("PART 3", -113),
        ("WORK 1", -108),
        ("COUN? MIN", -108),
        ("INP:ATT?MIN", -102),
        ("?", -102),
        (":", -102),
        ("INP:", -113),
        ("INP:ATT\x01 3", -101),
        ("INP:ATT \xb5", -101),
        ("*NON", -113),
    ],
)
def test_what_makes_no_sense_has_its_code(talk: Dialogue, line: str, code: int) -> None:
    assert talk.error_of(line) == code


def test_a_command_error_discards_the_rest_of_the_message_and_an_execution_error_does_not(
    talk: Dialogue, probe: Probe
) -> None:
    assert talk.error_of("INP:ATT 3;NONS 1;:INP:ATT 5") == -113
    assert probe.levels[1] == 3
    assert talk.error_of("INP:ATT 99;:INP:ATT 5") == -222
    assert probe.levels[1] == 5


def test_empty_units_carriage_returns_and_blanks_do_no_harm(talk: Dialogue) -> None:
    assert talk.ask("  INP:ATT  3 ; ;  ATT?  ;\r") == "+3.00000000E+000"
    assert talk.ask("") is None
    assert talk.error() == 0


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=4))
def test_no_bytes_in_any_pieces_break_the_parser(data: bytes, cuts: list[int]) -> None:
    probe = Probe(VirtualClock())
    conversation = probe.converse()
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for begin, end in itertools.pairwise(edges):
        conversation.received(data[begin:end])
    conversation.received(b"\n*CLS\n")
    assert [reply.data for reply in conversation.received(b"SYST:ERR?;*IDN?\n")] == [
        b'+0,"No error";Maker,Probe,0001,1.0\n'
    ]


@given(
    st.lists(
        st.sampled_from(
            [
                "INP",
                ":INP2",
                "ATT",
                "?",
                " ",
                "3",
                "dB",
                ";",
                ":",
                "MIN",
                ",",
                "*OPC",
                "(@1",
                ")",
                '"',
                "SYST:ERR",
                "1e",
                "#",
            ]
        ),
        max_size=30,
    )
)
def test_no_mixture_of_good_pieces_breaks_the_parser(pieces: list[str]) -> None:
    talk = Dialogue(Probe(VirtualClock()))
    talk.replies("".join(pieces))
    talk.tell("*CLS")
    assert talk.error() == 0


def test_an_endless_line_is_dropped_with_an_error(probe: Probe) -> None:
    conversation = probe.converse()
    conversation.received(b"A" * 70_000)
    assert conversation.received(b"\nSYST:ERR?\n")[0].data == b'-363,"Input buffer overrun"\n'


def test_a_mnemonic_is_capitals_and_small_letters() -> None:
    assert Mnemonic.of("ATTenuation") == Mnemonic("ATT", "ATTENUATION")
    with pytest.raises(ValueError, match="expected capitals"):
        Mnemonic.of("attenuation")
