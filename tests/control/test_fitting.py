"""A report fits into one message, whatever has piled up."""

import json

from hypothesis import given
from hypothesis import strategies as st

from qkdctl.abft.messages import Report
from qkdctl.abft.packet import Packet
from qkdctl.control.fitting import MOST_TEXT_BYTES, fitting
from qkdctl.records.report import NodeReport
from tests.records.samples import end_report, report, session


def piled_up(*counts: int) -> NodeReport:
    links = [f"link-{number}" for number in range(len(counts))]
    ends = (
        end_report(*(session(number, link=link) for number in range(count)), link=link)
        for link, count in zip(links, counts, strict=True)
    )
    return report(1, *ends)


@given(st.lists(st.integers(0, 64), min_size=1, max_size=6))
def test_the_newest_records_of_every_end_are_kept_and_the_message_can_be_sent(counts: list[int]) -> None:
    whole = piled_up(*counts)
    kept, left_out = fitting(whole)
    assert left_out == sum(counts) - sum(len(end.sessions) for end in kept.ends)
    for before, after in zip(whole.ends, kept.ends, strict=True):
        assert before.sessions[len(before.sessions) - len(after.sessions) :] == after.sessions
    text = kept.canonical().decode()
    assert len(json.dumps(text)) <= MOST_TEXT_BYTES
    Packet("lab", "a", "b", (Report(1, "c" * 64, text),)).encode()


def test_a_report_that_fits_is_left_as_it_is() -> None:
    whole = piled_up(5, 5, 5)
    assert fitting(whole) == (whole, 0)
