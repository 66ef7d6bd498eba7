"""The device rules say what udev understands, one rule per line."""

import re

import pytest

from qkdctl.resources import resource

TERM = re.compile(r'(?P<key>[A-Z_]+(\{[^}]+\})?)(?P<operator>==|!=|\+=|-=|:=|=)"(?P<value>[^"]*)"')
LINES = [
    line
    for line in resource("systemd/99-qkdctl.rules").read_text().splitlines()
    if line.strip() and not line.startswith("#")
]


@pytest.mark.parametrize("line", LINES)
def test_every_rule_is_a_list_of_matches_and_assignments(line: str) -> None:
    terms = [TERM.fullmatch(term) for term in re.split(r",\s*", line)]
    assert None not in terms, line
    operators = [term["operator"] for term in terms if term]
    assert not line.startswith(("SUBSYSTEM", "ACTION")) or operators[0] == "=="
    assert any(operator in {"=", "+="} for operator in operators)


def test_jumps_arrive() -> None:
    text = "\n".join(LINES)
    assert re.findall(r'GOTO="(\w+)"', text) == re.findall(r'LABEL="(\w+)"', text)


@pytest.mark.parametrize("vendor", ["1313", "0957", "1ddc"])
def test_instruments_on_usb_are_given_to_the_group_of_the_service(vendor: str) -> None:
    rules = [line for line in LINES if vendor in line and 'SUBSYSTEM=="usb",' in line]
    assert any('GROUP="plugdev"' in rule for rule in rules)
    assert any('SYMLINK+="qkdctl/' in rule for rule in rules)


def test_ftdi_adapters_answer_within_a_millisecond() -> None:
    assert 'SUBSYSTEM=="usb-serial", DRIVER=="ftdi_sio", ATTR{latency_timer}="1"' in LINES
