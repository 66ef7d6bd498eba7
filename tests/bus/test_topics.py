"""Topic names and filters."""

import pytest

from qkdctl.bus.topics import NodeTopics, takes


@pytest.mark.parametrize(
    ("topic_filter", "topic", "taken"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/c", False),
        ("a/b", "a/b/c", False),
        ("a/+", "a/b", True),
        ("a/+", "a", False),
        ("a/+", "a/b/c", False),
        ("+/+/c", "a/b/c", True),
        ("a/#", "a", True),
        ("a/#", "a/b/c", True),
        ("#", "a/b", True),
        ("#", "$SYS/load", False),
        ("+/load", "$SYS/load", False),
        ("$SYS/#", "$SYS/load", True),
        ("a/+", "a/", True),
    ],
)
def test_filters(topic_filter: str, topic: str, taken: bool) -> None:
    assert takes(topic_filter, topic) is taken


def test_the_node_of_a_topic() -> None:
    topics = NodeTopics("qkd/site-1", "alice")
    assert topics.device("voa") == "qkd/site-1/alice/device/voa/state"
    assert NodeTopics.of("qkd/site-1", topics.link("a-b")) == topics
    assert NodeTopics.of("qkd/site-1", "qkd/site-1/alice") is None
    assert NodeTopics.of("qkd/site-1", "other/alice/birth") is None


def test_a_replay_names_its_original() -> None:
    topics = NodeTopics("qkd", "alice")
    assert topics.replay(topics.device("voa")) == "qkd/alice/replay/device/voa/state"
    assert topics.replayed("qkd/alice/replay/device/voa/state") == topics.device("voa")
    assert topics.replayed(topics.device("voa")) is None
