"""The queue in front of post-processing is first in, first out, at its rate, and loses what finds no room."""

from collections import deque

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hil_sim.network.post_processing import DEPTH, PostProcessing

BLOCK = st.tuples(st.integers(0, 50), st.integers(0, 30), st.floats(0, 1))
EPOCH = st.tuples(st.lists(st.none() | BLOCK, min_size=3, max_size=3), st.integers(0, 120))


class OneByOne:
    """One link, block by block."""

    def __init__(self):
        self.blocks, self.lost = deque(), 0

    def put(self, sifted, key, known):
        if len(self.blocks) == DEPTH:
            self.lost += key
        else:
            self.blocks.append([sifted, key, known])

    def run(self, capacity):
        key = known = 0
        while self.blocks:
            work = min(capacity, self.blocks[0][0])
            self.blocks[0][0] -= work
            capacity -= work
            if self.blocks[0][0]:
                break
            _, done, read = self.blocks.popleft()
            key, known = key + done, known + read
        return key, known


@given(st.lists(EPOCH, max_size=40))
def test_it_does_as_one_link_after_the_other_would(epochs):
    queue, plain = PostProcessing(3), [OneByOne() for _ in range(3)]
    for blocks, capacity in epochs:
        links = [link for link, block in enumerate(blocks) if block is not None]
        sifted, key, share = ([blocks[link][part] for link in links] for part in range(3))
        known = [int(bits * part) for bits, part in zip(key, share, strict=True)]
        queue.put(*(np.array(column, dtype=np.int64) for column in (links, sifted, key, known)))
        for link, work, bits, read in zip(links, sifted, key, known, strict=True):
            plain[link].put(work, bits, read)
        done, read = queue.run(np.full(3, float(capacity)))
        assert list(zip(done.tolist(), read.tolist(), strict=True)) == [link.run(capacity) for link in plain]
        assert queue.waiting.tolist() == [len(link.blocks) for link in plain]
        assert queue.lost_bits.tolist() == [link.lost for link in plain]
        assert queue.key_bits().tolist() == [sum(block[1] for block in link.blocks) for link in plain]


def test_a_block_takes_its_bits_over_the_rate():
    queue = PostProcessing(1)
    queue.put(*(np.array([value]) for value in (0, 1000, 70, 7)))
    out = [tuple(int(part[0]) for part in queue.run(np.array([300.0]))) for _ in range(5)]
    assert out == [(0, 0), (0, 0), (0, 0), (70, 7), (0, 0)]


def test_under_load_it_works_off_its_rate():
    queue, done = PostProcessing(1), 0
    for _ in range(100):
        queue.put(*(np.array([value]) for value in (0, 500, 500, 0)))
        done += int(queue.run(np.array([200.0]))[0][0])
    assert done == 100 * 200 // 500 * 500
    assert queue.lost_bits[0] == 100 * 500 - done - queue.key_bits()[0]


def test_an_emptied_queue_forgets_blocks_half_done_and_losses():
    queue = PostProcessing(2)
    for _ in range(DEPTH + 1):
        queue.put(np.array([0, 1]), np.array([10, 10]), np.array([4, 4]), np.array([1, 1]))
    queue.run(np.array([25.0, 25.0]))
    queue.reset(slice(0, 1))
    assert queue.key_bits().tolist() == [0, 4 * (DEPTH - 2)]
    assert queue.lost_bits.tolist() == [0, 4]
    queue.put(np.array([0, 1]), np.array([10, 10]), np.array([9, 9]), np.array([0, 0]))
    assert queue.run(np.array([10.0, 5.0]))[0].tolist() == [9, 4]
