"""The receiving side: reordering, duplicates, gaps, late wills, old births, new streams."""

import json
import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.bus.announcements import Availability, Birth, RebirthRequest, Replayed, SessionId
from qkdctl.bus.base import Message, Origin
from qkdctl.bus.node_stream import Born, Died, Event, NodeStream, ReceiverSettings
from qkdctl.bus.ordering import Delivered
from qkdctl.bus.topics import NodeTopics

TOPICS = NodeTopics("qkd", "alice")
STATE = TOPICS.device("voa")


def session(bd_seq: int = 1, stream: str = "s") -> SessionId:
    return SessionId(stream=stream, bd_seq=bd_seq)


def birth(
    bd_seq: int = 1, *, sequence: int = 1, acknowledged: int = 0, stream: str = "s", replayed: Replayed | None = None
) -> Message:
    announcement = Birth(
        session=session(bd_seq, stream),
        sequence=sequence,
        acknowledged=acknowledged,
        wall_ms=0,
        facts={},
        replayed=replayed,
    )
    return Message(TOPICS.birth, announcement.encode())


def death(bd_seq: int = 1, stream: str = "s") -> Message:
    return Message(TOPICS.death, session(bd_seq, stream).encode())


def availability(acknowledged: int, bd_seq: int = 1, *, online: bool = True, stream: str = "s") -> Message:
    announcement = Availability(
        session=session(bd_seq, stream), online=online, acknowledged=acknowledged, wall_ms=0, heartbeat_ms=2000
    )
    return Message(TOPICS.availability, announcement.encode(), retain=True)


def data(sequence: int, previous: int | None = None, *, retain: bool = False, topic: str = STATE) -> Message:
    origin = Origin("s", sequence, sequence - 1 if previous is None else previous)
    return Message(topic, b"%d" % sequence, retain, origin)


def numbers(events: Sequence[Event]) -> list[int]:
    return [event.sequence for event in events if isinstance(event, Delivered)]


class Watcher:
    """A stream that is fed, with the time of the test."""

    def __init__(self, *messages: Message, window: int = 100) -> None:
        self.stream = NodeStream(TOPICS, ReceiverSettings(window, gap_timeout_s=0.2, request_interval_s=1.0))
        self.now_s = 0.0
        self.events: list[Event] = []
        self.feed(*messages)

    def feed(self, *messages: Message) -> list[Event]:
        new = [event for message in messages for event in self.stream.take(message, self.now_s)]
        self.events += new
        return new

    def asks(self, at_s: float) -> RebirthRequest | None:
        self.now_s = at_s
        return self.stream.request(at_s)


def test_messages_in_order_pass_at_once() -> None:
    watcher = Watcher(birth(acknowledged=4))
    assert isinstance(watcher.events[0], Born)
    assert watcher.feed(data(5), data(6)) == [Delivered(STATE, b"5", 5), Delivered(STATE, b"6", 6)]
    assert watcher.asks(100) is None


def test_reordered_messages_are_put_in_order_and_duplicates_dropped() -> None:
    watcher = Watcher(birth())
    events = watcher.feed(data(2), data(3), data(2), data(1), data(1), data(5), data(4), data(3))
    assert numbers(events) == [1, 2, 3, 4, 5]
    assert watcher.stream.figures.duplicates == 3
    assert watcher.asks(100) is None


def test_a_missing_number_is_asked_for_after_a_while_and_again_later() -> None:
    watcher = Watcher(birth(), data(1), data(3))
    assert watcher.asks(0.19) is None
    assert watcher.asks(0.21) == RebirthRequest(stream="s", after=1)
    assert watcher.asks(1.2) is None
    assert watcher.asks(1.22) == RebirthRequest(stream="s", after=1)
    assert numbers(watcher.feed(data(2))) == [2, 3]
    assert watcher.asks(10) is None


def test_a_replay_fills_the_gap_under_the_original_topic() -> None:
    watcher = Watcher(birth(), data(1), data(4))
    replays = [data(2, 1, topic=TOPICS.replay(STATE)), data(3, 2, topic=TOPICS.replay(STATE)), data(4, 3)]
    assert [event.topic for event in watcher.feed(*replays) if isinstance(event, Delivered)] == [STATE] * 3
    assert watcher.stream.figures.duplicates == 1


def test_numbers_that_the_sender_gave_up_are_no_gap() -> None:
    watcher = Watcher(birth(), data(1), data(7, previous=1))
    assert numbers(watcher.events) == [1, 7]
    assert watcher.stream.figures.skipped == 5
    assert watcher.asks(10) is None


def test_what_the_sender_no_longer_has_is_skipped_after_its_answer() -> None:
    watcher = Watcher(birth(), data(1), data(9))
    assert numbers(watcher.feed(birth(sequence=20, acknowledged=10, replayed=Replayed(after=1, through=10)))) == [9]
    assert watcher.asks(10) is None
    assert numbers(watcher.feed(data(11, previous=10))) == [11]


def test_an_answer_to_somebody_who_had_more_does_not_skip() -> None:
    watcher = Watcher(birth(), data(1), data(4))
    assert watcher.feed(birth(sequence=20, acknowledged=4, replayed=Replayed(after=3, through=4))) == []
    assert watcher.asks(10) == RebirthRequest(stream="s", after=1)


def test_a_loss_at_the_end_shows_in_the_next_heartbeat() -> None:
    watcher = Watcher(birth(), data(1), availability(3))
    assert watcher.asks(0.3) == RebirthRequest(stream="s", after=1)


def test_a_full_window_asks_for_the_rest() -> None:
    watcher = Watcher(birth(), *(data(number) for number in range(2, 20)), window=3)
    assert watcher.stream.figures.overflowed == 15
    assert numbers(watcher.feed(*(data(number) for number in range(1, 20)))) == list(range(1, 20))


def test_a_death_counts_for_the_present_session_only() -> None:
    watcher = Watcher(birth(7), death(6), death(7), death(7))
    assert watcher.events[1:] == [Died(session(7))]
    assert watcher.stream.figures.ignored == 2
    assert not watcher.stream.alive


def test_the_late_will_of_an_old_session_changes_nothing_also_over_the_wrap() -> None:
    watcher = Watcher(birth(255, sequence=1), birth(0, sequence=2), death(255))
    assert [type(event) for event in watcher.events] == [Born, Born]
    assert watcher.stream.alive
    assert watcher.feed(death(0)) == [Died(session(0))]


def test_an_old_or_repeated_birth_is_passed_over() -> None:
    watcher = Watcher(birth(5, sequence=10), birth(4, sequence=9), birth(5, sequence=10))
    assert len(watcher.events) == 1
    assert watcher.feed(death(5)) == [Died(session(5))]
    assert watcher.feed(birth(5, sequence=10)) == []


def test_a_birth_of_the_same_session_is_no_second_beginning() -> None:
    watcher = Watcher(birth(5, sequence=10))
    assert watcher.feed(birth(5, sequence=11)) == []
    watcher.feed(death(5))
    assert isinstance(watcher.feed(birth(5, sequence=12))[0], Born)


def test_the_first_contact_asks_for_a_birth_and_begins_there() -> None:
    watcher = Watcher(data(100))
    assert numbers(watcher.events) == [100]
    assert watcher.asks(0.3) == RebirthRequest()
    watcher.feed(birth(acknowledged=100, sequence=101))
    assert watcher.asks(10) is None
    assert numbers(watcher.feed(data(102, previous=100))) == [102]


def test_kept_messages_from_before_the_contact_are_snapshots() -> None:
    watcher = Watcher(data(40, retain=True), availability(50), data(45, retain=True, topic=TOPICS.link("a")))
    assert [(event.sequence, event.snapshot) for event in watcher.events if isinstance(event, Delivered)] == [
        (40, True),
        (45, True),
    ]
    assert numbers(watcher.feed(data(40, retain=True), data(51, previous=50))) == [51]


def test_a_kept_message_from_after_the_contact_comes_in_order() -> None:
    watcher = Watcher(birth(acknowledged=50), data(52, retain=True))
    assert numbers(watcher.events) == []
    assert watcher.asks(0.3) == RebirthRequest(stream="s", after=50)
    assert numbers(watcher.feed(data(51), data(52))) == [51, 52]


def test_a_snapshot_is_not_delivered_again() -> None:
    watcher = Watcher(data(52, retain=True), birth(acknowledged=50), data(51), data(52), data(53))
    assert numbers(watcher.events) == [52, 51, 53]


def test_a_new_stream_begins_anew() -> None:
    watcher = Watcher(birth(9, sequence=500, acknowledged=499), data(501, 499))
    other = Message(STATE, b"", origin=Origin("t", 1, 0))
    assert watcher.feed(other) == [], "numbers of an unknown stream mean nothing before its birth"
    assert watcher.asks(0.3) == RebirthRequest()
    assert isinstance(watcher.feed(birth(0, sequence=2, stream="t"))[0], Born)
    assert numbers(watcher.feed(other)) == [1]


def test_a_session_without_a_birth_is_asked_for_one() -> None:
    watcher = Watcher(birth(5), availability(0, bd_seq=6))
    assert watcher.asks(0.3) == RebirthRequest()


def test_a_farewell_ends_the_session_once() -> None:
    watcher = Watcher(birth(5), availability(0, bd_seq=5, online=False), death(5))
    assert watcher.events[1:] == [Died(session(5))]


def test_a_dead_node_is_not_asked() -> None:
    watcher = Watcher(birth(5), data(3), death(5))
    assert watcher.asks(10) is None


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"{}",
        b"[" * 100_000,
        b"\xff",
        json.dumps({"session": {"stream": "s", "bd_seq": 256}}).encode(),
        birth(1).payload.replace(b'"bd_seq":1', b'"bd_seq":true'),
        birth(1).payload.replace(b'"sequence":1', b'"sequence":-1'),
        birth(1).payload.replace(b'"sequence":1', b'"sequence":1e3'),
        death(1).payload.replace(b'"bd_seq":1', b'"bd_seq":"1"'),
    ],
)
@pytest.mark.parametrize("topic", [TOPICS.birth, TOPICS.death, TOPICS.availability])
def test_nonsense_is_counted_and_changes_nothing(topic: str, payload: bytes) -> None:
    watcher = Watcher(birth(5, sequence=10))
    assert watcher.feed(Message(topic, payload)) == []
    assert watcher.stream.figures.ignored == (0 if topic == TOPICS.availability and not payload else 1)
    assert watcher.stream.alive


@given(st.integers(0, 2**32), st.floats(0, 0.6), st.integers(1, 20))
def test_whatever_the_way_does_all_messages_come_out_in_order_once(seed: int, loss: float, window: int) -> None:
    """A way that drops, repeats and reorders; requests are answered over the same way."""
    way = random.Random(seed)
    watcher = Watcher(birth(), window=window)
    last = 30

    def through_the_way(messages: list[Message]) -> None:
        arriving = [message for message in messages for _ in range(way.choice([1, 1, 2])) if way.random() >= loss]
        for place in range(len(arriving) - 1):
            if way.random() < 0.3:
                arriving[place], arriving[place + 1] = arriving[place + 1], arriving[place]
        watcher.feed(*arriving)

    through_the_way([data(number) for number in range(1, last + 1)])
    for second in range(2000):
        watcher.feed(availability(last))
        request = watcher.asks(2.0 * second + 1)
        if request is None:
            break
        assert request.after is not None
        through_the_way([data(number) for number in range(request.after + 1, last + 1)])
    assert numbers(watcher.events) == list(range(1, last + 1))
