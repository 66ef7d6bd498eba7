"""How a node writes a report, and that it takes none that it would not write."""

import pytest

from tests.agreement.lone import Lone
from tests.records.samples import end_report, report, session


def test_a_report_is_written_as_it_is_taken_from_others() -> None:
    application = Lone("rule-based").application
    said = report(1, end_report(session()))
    text = application.text_of(said)
    assert text == said.canonical().decode("ascii")
    assert application.admissible(1, "bench", text)
    assert not application.admissible(2, "bench", text)
    assert not application.admissible(1, "other", text)


@pytest.mark.parametrize(("old", "new"), [("{", " {"), ('"epoch":1', '"epoch":01'), ('"epoch":1', '"epoch":1.0')])
def test_a_report_in_another_form_is_none(old: str, new: str) -> None:
    application = Lone("rule-based").application
    text = application.text_of(report(1))
    assert not application.admissible(1, "bench", text.replace(old, new, 1))


def test_from_reports_that_were_written_here_follows_what_follows_from_those_that_were_read() -> None:
    writer, reader = Lone("rule-based"), Lone("rule-based")
    assert writer.decide() == reader.decide()
    chain = writer.entries[-1].next_chain
    said = report(chain.epoch, end_report(session(sequence=2)))
    texts = {"bench": writer.application.text_of(said)}
    assert writer.application.decide(chain, texts) == reader.application.decide(chain, texts)
