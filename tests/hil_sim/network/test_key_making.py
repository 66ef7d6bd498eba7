"""Blocks fill, close by size or age, and become key through the queue; what is cut short is lost."""

import numpy as np
import pytest

from hil_sim.network.detection import CELLS, CLICKS
from hil_sim.network.hardware import PROTOCOLS, KeyBlocks
from hil_sim.network.key_credit import BITS, Block
from hil_sim.network.key_making import KeyMaking, claims_of
from hil_sim.network.link_arrays import LinkArrays
from tests.hil_sim.network.networks import hardware
from tests.hil_sim.network.optics import optics

EPOCH_S = 10.0
MU = 0.3
PULSES = 10**9
FAST_BPS = 1e12
LINKS = 2


def expected(protocol, pulses=PULSES, cells=9, errors=(0.01, 0.01)):
    """What each link counts in an epoch on average."""
    clicks = CLICKS[protocol](optics([10.0] * LINKS, MU if protocol != "bbm92" else 0.1, errors=errors))
    sent = np.broadcast_to(pulses * clicks.sent, clicks.right.shape)
    tables = np.zeros((3, 2, cells, LINKS), dtype=np.int64)
    for table, values in zip(tables, (sent, sent * (clicks.right + clicks.wrong), sent * clicks.wrong), strict=True):
        table[:, : CELLS[protocol]] = np.rint(values)
    return tables


def sifted_of(protocol, **options):
    return int(expected(protocol, **options)[1, 0, 0, 0])


class Maker:
    """Key making of links that all run one protocol."""

    def __init__(self, protocol="bb84", *, post_processing_bps=FAST_BPS, **blocks):
        blocks = {"security": "asymptotic", "credit": "block", "sifted_bits": 2**50, "longest_s": 1e9} | blocks
        parts = hardware(blocks=KeyBlocks(**blocks), post_processing_bps=post_processing_bps)
        self.links = LinkArrays.of([parts] * LINKS, [10.0] * LINKS)
        self.making = KeyMaking(self.links, 9, EPOCH_S)
        self.run(protocol)

    def run(self, protocol):
        self.name = protocol
        self.protocol = np.full(LINKS, PROTOCOLS.index(protocol), dtype=np.int8)

    def epoch(self, counts=None, *, cut=(False, False), known=0.0):
        wasted = self.making.cut(np.array(cut))
        self.making.add(*(expected(self.name) if counts is None else counts), np.full(LINKS, known))
        mean = 0.1 if self.name == "bbm92" else MU
        return self.making.harvest(self.protocol, np.full(LINKS, round(mean * 1e6)), wasted)

    def bits(self, counts):
        """What a whole block of these counts gives, for either link."""
        block = Block(*(table[:, : CELLS[self.name]] for table in counts))
        mean = 0.1 if self.name == "bbm92" else MU
        return BITS[self.name](
            block, claims_of(self.links, np.arange(LINKS), np.full(LINKS, round(mean * 1e6)))
        ).tolist()


@pytest.mark.parametrize("protocol", sorted(CELLS))
@pytest.mark.parametrize("security", ["asymptotic", "finite"])
def test_a_block_closes_when_it_is_full_and_gives_what_all_of_it_proves(protocol, security):
    maker = Maker(protocol, sifted_bits=3 * sifted_of(protocol) - 1, security=security)
    made = [maker.epoch() for _ in range(7)]
    assert [key.closed.tolist() for key in made] == [[False] * 2, [False] * 2, [True] * 2] * 2 + [[False] * 2]
    of_block = maker.bits(3 * expected(protocol))
    assert min(of_block) > 0
    assert [key.proven_bits.tolist() for key in made] == [[0, 0], [0, 0], of_block] * 2 + [[0, 0]]
    assert [key.stored_bits.tolist() for key in made] == [key.proven_bits.tolist() for key in made]


def test_a_block_closes_when_it_is_old_however_full():
    maker = Maker(longest_s=25.0)
    closed = [maker.epoch(0 * expected("bb84")).closed.tolist() for _ in range(6)]
    assert closed == [[False] * 2, [False] * 2, [True] * 2] * 2


def test_running_credit_gives_at_once_what_the_block_proves_more():
    maker = Maker(credit="running", post_processing_bps=1.0)
    given = np.zeros(LINKS, dtype=np.int64)
    for epochs in range(1, 6):
        key = maker.epoch()
        assert key.stored_bits.tolist() == key.proven_bits.tolist()
        given += key.stored_bits
        assert given.tolist() == maker.bits(epochs * expected("bb84"))


def test_a_full_block_of_running_credit_begins_anew():
    maker = Maker(credit="running", sifted_bits=2 * sifted_of("bb84"))
    first, second, third = (maker.epoch() for _ in range(3))
    assert second.closed.all()
    assert first.proven_bits.tolist() == third.proven_bits.tolist() == maker.bits(expected("bb84"))


def test_credited_key_is_never_taken_back():
    maker = Maker(credit="running")
    assert (maker.epoch().stored_bits > 0).all()
    noise = expected("bb84", errors=(0.5, 0.5))
    for _ in range(3):
        key = maker.epoch(noise)
        assert key.proven_bits.tolist() == key.stored_bits.tolist() == [0, 0]


def test_a_cut_wastes_the_block_of_the_links_concerned_alone():
    size = 3 * sifted_of("bb84") - 1
    maker = Maker(sifted_bits=size)
    maker.epoch()
    maker.epoch()
    key = maker.epoch(cut=(True, False))
    assert key.wasted_bits.tolist() == [2 * sifted_of("bb84"), 0]
    assert key.closed.tolist() == [False, True]
    assert maker.epoch().closed.tolist() == [False, False]
    assert maker.epoch().closed.tolist() == [True, False]


def test_a_cut_costs_running_credit_nothing_that_was_given():
    maker = Maker(credit="running")
    first = maker.epoch()
    second = maker.epoch(cut=(True, False))
    assert second.wasted_bits.tolist() == [0, 0]
    assert second.proven_bits[0] == first.proven_bits[0] == maker.bits(expected("bb84"))[0]
    assert first.proven_bits[1] + second.proven_bits[1] == maker.bits(2 * expected("bb84"))[1]


def test_after_a_change_of_protocol_the_block_holds_the_new_one_alone():
    maker = Maker(sifted_bits=2**50)
    maker.epoch()
    maker.run("mdi")
    key = maker.epoch(cut=(True, True))
    assert (key.wasted_bits == sifted_of("bb84")).all()
    assert maker.making.detected.tolist() == expected("mdi")[1].tolist()


def test_key_waits_for_post_processing_at_its_rate():
    sifted = sifted_of("bb84")
    maker = Maker(sifted_bits=sifted, post_processing_bps=sifted / EPOCH_S / 2.5)
    of_block = maker.bits(expected("bb84"))
    stored = [maker.epoch().stored_bits.tolist() for _ in range(8)]
    assert stored == [[0, 0], [0, 0], of_block, [0, 0], of_block, [0, 0], [0, 0], of_block]
    assert maker.making.queue.waiting.tolist() == [5, 5]


@pytest.mark.parametrize("credit", ["block", "running"])
def test_known_bits_go_with_the_share_of_the_clicks_that_are_known(credit):
    maker = Maker(credit=credit, sifted_bits=2 * sifted_of("bb84"))
    stored = known = np.zeros(LINKS, dtype=np.int64)
    for share in (0.1, 0.3):
        key = maker.epoch(known=share)
        stored, known = stored + key.stored_bits, known + key.known_bits
    assert (stored > 0).all()
    assert known / stored == pytest.approx(0.2, abs=1e-3)


def test_some_links_begin_anew_and_the_others_go_on():
    maker = Maker(sifted_bits=2 * sifted_of("bb84"), post_processing_bps=1e-3)
    for _ in range(3):
        maker.epoch()
    maker.making.reset(slice(0, 1))
    assert maker.making.age_s.tolist() == [0.0, EPOCH_S]
    assert maker.making.queue.waiting.tolist() == [0, 1]
    assert maker.epoch().closed.tolist() == [False, True]
