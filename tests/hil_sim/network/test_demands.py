"""Requests arrive at their mean rate, wait in line, and are given up when their patience ends."""

import math
from collections import deque

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil_sim.network.demands import MOST_EPOCHS, Demand, DemandArrays, Queues

EPOCH_S = 10.0
PATIENCES_S = (5.0, 10.0, 25.0, 60.0, 61.0)


def queues(patiences_s=PATIENCES_S, rate_bps=50.0, request_bits=100):
    demands = [Demand(0, 1, rate_bps, request_bits, patience_s) for patience_s in patiences_s]
    return Queues(DemandArrays.of(demands), EPOCH_S)


class Line:
    """One queue, request by request; the oldest are served first."""

    def __init__(self, patience_s):
        self.most_epochs = math.ceil(patience_s / EPOCH_S)
        self.requests = deque()

    def arrive(self, epoch, bits):
        """Add new ones; return what had waited too long."""
        given_up = 0
        while self.requests and epoch - self.requests[0][0] >= self.most_epochs:
            given_up += self.requests.popleft()[1]
        self.requests.append([epoch, bits])
        return given_up

    def serve(self, bits):
        while bits:
            part = min(bits, self.requests[0][1])
            self.requests[0][1] -= part
            bits -= part
            if self.requests[0][1] == 0:
                self.requests.popleft()

    def waiting(self):
        return sum(bits for _, bits in self.requests)


@given(st.integers(0, 2**32), st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_queues_do_as_people_in_a_line(seed, shares):
    rng = np.random.default_rng(seed)
    queue, lines = queues(), [Line(patience_s) for patience_s in PATIENCES_S]
    asked = delivered = given_up = np.zeros(len(lines), dtype=np.int64)
    for epoch, share in enumerate(shares):
        fresh, gone = queue.arrive(rng.standard_normal(len(lines)))
        expected = [line.arrive(epoch, int(bits)) for line, bits in zip(lines, fresh, strict=True)]
        assert gone.tolist() == expected
        served = (share * queue.waiting_bits).astype(np.int64)
        queue.serve(served)
        for line, bits in zip(lines, served.tolist(), strict=True):
            line.serve(bits)
        asked, delivered, given_up = asked + fresh, delivered + served, given_up + gone
        assert queue.waiting_bits.tolist() == [line.waiting() for line in lines]
        assert (asked == delivered + given_up + queue.waiting_bits).all()


@pytest.mark.parametrize("patience_s", PATIENCES_S)
def test_a_request_waits_out_its_patience_and_less_than_an_epoch_more(patience_s):
    queue = queues([patience_s])
    fresh, _ = queue.arrive(np.array([3.0]))
    assert fresh[0] > 0
    waited_s = EPOCH_S
    while queue.arrive(np.array([-40.0]))[1][0] == 0:
        assert queue.waiting_bits == fresh
        waited_s += EPOCH_S
    assert queue.waiting_bits == [0]
    assert patience_s <= waited_s < patience_s + EPOCH_S


def test_requests_come_whole_and_at_the_mean_rate():
    rng = np.random.default_rng(8)
    queue = queues([60.0] * 2000, rate_bps=35.0)
    fresh, _ = queue.arrive(rng.standard_normal(2000))
    assert (fresh % 100 == 0).all()
    assert fresh.mean() == pytest.approx(350, abs=5 * 100 * math.sqrt(3.5 / 2000))
    assert fresh.var() == pytest.approx(350 * 100, rel=0.2)


def test_some_queues_begin_anew_and_the_others_go_on():
    one, other = queues(), queues()
    noise = np.random.default_rng(2).standard_normal((12, len(PATIENCES_S)))
    for row in noise[:7]:
        one.arrive(row)
        other.arrive(row)
    one.reset(slice(1, 4))
    fresh = queues()
    for row in noise[7:]:
        ours, theirs, new = (queue.arrive(row)[1].tolist() for queue in (one, other, fresh))
        assert ours == [theirs[0], *new[1:4], theirs[4]]
    assert one.waiting_bits.tolist() == [
        other.waiting_bits[0],
        *fresh.waiting_bits[1:4],
        other.waiting_bits[4],
    ]


def test_joined_demands_are_those_of_the_parts():
    parts = [DemandArrays.of([Demand(0, 1, 1.0), Demand(1, 2, 2.0)]), DemandArrays.of([Demand(2, 0, 3.0, 7, 9.0)])]
    whole = DemandArrays.joined(parts, [0, 10])
    assert whole.ends.tolist() == [[0, 1, 12], [1, 2, 10]]
    assert whole.rate_bps.tolist() == [1.0, 2.0, 3.0]
    assert whole.request_bits.tolist() == [4096, 4096, 7]
    assert whole.patience_s.tolist() == [60.0, 60.0, 9.0]


def test_nobody_may_ask_for_nothing_at_all():
    queue = Queues(DemandArrays.of([]), EPOCH_S)
    fresh, gone = queue.arrive(np.zeros(0))
    assert fresh.size == gone.size == queue.waiting_bits.size == 0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (Demand(0, 1, -1.0), "0 to 1e.09 requests per epoch"),
        (Demand(0, 1, math.nan), "0 to 1e.09 requests per epoch"),
        (Demand(0, 1, 1e12, 1), "0 to 1e.09 requests per epoch"),
        (Demand(0, 1, 1.0, 0), "requests of 1 bit or more"),
        (Demand(0, 1, 1.0, 1, 0.0), "patience above 0 s"),
        (Demand(0, 1, 1.0, 1, 1.01 * MOST_EPOCHS * EPOCH_S), "at most 10000 epochs, here 100000 s"),
    ],
)
def test_demands_that_cannot_be_simulated_are_refused_by_number(wrong, message):
    with pytest.raises(ValueError, match=f"demand 1 .*{message}"):
        Queues(DemandArrays.of([Demand(0, 1, 1.0), wrong]), EPOCH_S)
