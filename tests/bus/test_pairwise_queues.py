"""Queues that take turns: nothing is reordered within one, nothing is kept beyond the bound, nobody waits for ever."""

import asyncio
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.bus.pairwise_queues import FairQueues

KEYS = "abc"
ACTIONS = st.lists(st.one_of(st.sampled_from(KEYS), st.none()), max_size=60)


@given(ACTIONS, st.integers(1, 4))
def test_each_queue_keeps_its_newest_items_in_order(actions: list[str | None], capacity: int) -> None:
    queues: FairQueues[str, int] = FairQueues(KEYS, capacity)
    model: dict[str, deque[int]] = {key: deque() for key in KEYS}

    async def play() -> None:
        for number, key in enumerate(actions):
            if key is not None:
                model[key].append(number)
                assert queues.put(key, number) == (len(model[key]) > capacity)
                if len(model[key]) > capacity:
                    model[key].popleft()
            elif any(model.values()):
                taken, item = await queues.get()
                assert item == model[taken].popleft()
            assert [queues.queued(key) for key in KEYS] == [len(model[key]) for key in KEYS]
            assert len(queues) == sum(map(len, model.values()))

    asyncio.run(play())
    assert queues.clear() == {key: len(items) for key, items in model.items() if items}
    assert len(queues) == 0


@pytest.mark.asyncio
async def test_one_item_waits_for_at_most_one_of_every_other_queue() -> None:
    queues: FairQueues[str, int] = FairQueues(KEYS, 100)
    for number in range(100):
        queues.put("a", number)
        queues.put("b", number)
    queues.put("c", 0)
    assert "c" in [(await queues.get())[0] for _ in KEYS]


@pytest.mark.asyncio
async def test_a_reader_waits_and_an_emptied_queue_works_on() -> None:
    queues: FairQueues[str, int] = FairQueues(KEYS, 2)
    queues.put("a", 1)
    queues.clear()
    reading = asyncio.create_task(queues.get())
    await asyncio.sleep(0)
    assert not reading.done()
    queues.put("b", 2)
    assert await reading == ("b", 2)
