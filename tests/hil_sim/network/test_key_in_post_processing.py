"""The queue in front of post-processing knows what will come out of it."""

import numpy as np

from hil_sim.network.post_processing import DEPTH, PostProcessing


def test_key_that_waits_is_all_that_went_in_less_what_came_out_and_what_found_no_room() -> None:
    rng = np.random.default_rng(5)
    queue = PostProcessing(4)
    put = out = np.zeros(4, dtype=np.int64)
    for _ in range(200):
        links = np.flatnonzero(rng.random(4) < 0.7)
        key = rng.integers(0, 1000, links.size)
        queue.put(links, np.full(links.size, 1000), key, np.zeros_like(key))
        put = put + np.bincount(links, key, minlength=4).astype(np.int64)
        out = out + queue.run(np.array([300.0, 650.0, 800.0, 2000.0]))[0]
        assert queue.key_bits().tolist() == (put - out - queue.lost_bits).tolist()
    assert queue.waiting.tolist()[0] == DEPTH
    assert queue.lost_bits[0] > 0


def test_an_emptied_queue_holds_nothing() -> None:
    queue = PostProcessing(2)
    queue.put(np.array([0, 1]), np.array([10, 10]), np.array([7, 8]), np.array([0, 0]))
    queue.reset(slice(0, 1))
    assert queue.key_bits().tolist() == [0, 8]
