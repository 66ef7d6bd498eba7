"""Topics between two nodes say who writes and who reads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.bus.pairwise_topics import PairTopics
from qkdctl.bus.topics import takes

NAMES = st.from_regex(r"[a-z0-9][a-z0-9-]{0,5}", fullmatch=True)
PREFIXES = st.lists(NAMES, min_size=1, max_size=3).map("/".join)


@given(PREFIXES, NAMES, NAMES, NAMES, NAMES)
def test_a_node_reads_what_is_written_to_it_and_nothing_else(
    prefix: str, network: str, sender: str, me: str, other: str
) -> None:
    topic = PairTopics(prefix, network, sender).to(me)
    mine, others = PairTopics(prefix, network, me), PairTopics(prefix, network, other)
    assert takes(mine.inbound, topic)
    assert mine.sender_of(topic) == sender
    assert takes(others.inbound, topic) == (me == other)
    assert (others.sender_of(topic) == sender) == (me == other)


@pytest.mark.parametrize(
    "topic",
    [
        "qkdctl/metro/pair/bob",
        "qkdctl/metro/pair//bob",
        "qkdctl/metro/pair/alice/carol/bob",
        "qkdctl/metro/pair/alice/bob/",
        "qkdctl/rural/pair/alice/bob",
        "other/metro/pair/alice/bob",
    ],
)
def test_other_topics_name_no_sender(topic: str) -> None:
    assert PairTopics("qkdctl", "metro", "bob").sender_of(topic) is None
