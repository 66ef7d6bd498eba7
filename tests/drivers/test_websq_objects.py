"""JSON objects come out of a stream that neither packets nor characters cut where objects end."""

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from qkdctl_drivers.websq import JsonStream

from qkdctl.devices import ProtocolError

OBJECTS = st.lists(
    st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5) | st.lists(st.floats(0, 1), max_size=3),
                    max_size=3),
    max_size=5,
)  # fmt: skip


@given(OBJECTS, st.lists(st.integers(0, 300), max_size=6), st.sampled_from([b"", b"\x17", b"\n", b"\x17\n"]))
def test_objects_come_out_however_the_packets_fall(objects: list[Any], cuts: list[int], between: bytes) -> None:
    data = between.join(json.dumps(item, ensure_ascii=False).encode() for item in objects)
    stream, found = JsonStream(), []
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    for begin, end in itertools.pairwise(edges):
        found += list(stream.feed(data[begin:end]))
    assert found == objects


def test_what_is_no_json_is_refused_and_forgotten() -> None:
    stream = JsonStream()
    with pytest.raises(ProtocolError, match="expected a JSON object"):
        list(stream.feed(b"garbage\x17"))
    assert list(stream.feed(b'{"a": 1}\x17')) == [{"a": 1}]
