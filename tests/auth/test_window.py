"""A window accepts each position once and forgets nothing that it could accept again."""

from hypothesis import given
from hypothesis import strategies as st

from qkdctl.auth.window import Look, Window


@given(st.lists(st.tuples(st.integers(0, 60), st.binary(min_size=1, max_size=1))), st.integers(1, 8), st.integers(0, 9))
def test_no_position_is_new_twice(offers: list[tuple[int, bytes]], size: int, floor: int) -> None:
    window = Window(floor, size)
    taken: dict[int, bytes] = {}
    for position, digest in offers:
        look = window.look(position, digest)
        if look is Look.NEW:
            assert position > floor
            assert position not in taken
            taken[position] = digest
            window.take(position, digest)
        elif look is Look.SAME:
            assert taken[position] == digest
        else:
            assert position in taken or position <= max([floor, *(top - size for top in taken)])
        assert len(window) <= 2 * size
        assert window.highest == max([floor, *taken])


def test_late_packets_within_the_window_are_still_new() -> None:
    window = Window(0, 512)
    window.take(600, b"x")
    assert window.look(89, b"y") is Look.NEW
    assert window.look(88, b"y") is Look.USED
