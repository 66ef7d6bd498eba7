"""Statements are exactly L blocks, and no two of them are equal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.secretsharing.field import element_bytes
from qkdctl.secretsharing.statements import STATEMENT_BLOCKS, TEXT_BYTES, Statement

names = st.text("abz019-", min_size=1, max_size=64)
statements = st.builds(
    Statement,
    purpose=st.text("act-", min_size=1, max_size=16),
    network=names,
    number=st.integers(0, 2**128 - 1),
    verifier=names,
    text=st.text(max_size=80),
)


@given(statements, statements)
def test_statements_that_differ_anywhere_differ_in_some_block(one, other):
    assert (one.blocks() == other.blocks()) == (one == other)


@given(statements)
def test_every_statement_has_the_same_number_of_blocks(statement):
    blocks = statement.blocks()
    assert len(blocks) == STATEMENT_BLOCKS
    assert all(0 <= block < 2**128 for block in blocks)


def test_the_layout():
    data = b"".join(element_bytes(block) for block in Statement("act", "ring", 258, "node-a", "ja\0").blocks())
    assert data[:16] == b"act" + bytes(13)
    assert data[16:80] == b"ring" + bytes(60)
    assert data[80:96] == bytes(14) + b"\x01\x02"
    assert data[96:160] == b"node-a" + bytes(58)
    assert data[160:176] == bytes(15) + b"\x03"
    assert data[176:] == b"ja\0" + bytes(TEXT_BYTES - 3)


@pytest.mark.parametrize(("shorter", "longer"), [("", "\0"), ("a", "a\0"), ("a\0", "a\0\0")])
def test_zeros_at_the_end_of_a_text_make_another_statement(shorter, longer):
    one, other = (Statement("act", "ring", 1, "node-a", text) for text in (shorter, longer))
    assert one.blocks() != other.blocks()


def test_longer_text_is_refused_and_not_hashed():
    assert Statement("act", "ring", 1, "node-a", "é" * (TEXT_BYTES // 2)).blocks()
    with pytest.raises(ValueError, match="at most 336 bytes, got 338"):
        Statement("act", "ring", 1, "node-a", "é" * (TEXT_BYTES // 2 + 1))


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"purpose": ""}, "purpose"),
        ({"purpose": "p" * 17}, "purpose"),
        ({"network": "n" * 65}, "network"),
        ({"network": "n\0"}, "network"),
        ({"verifier": "\N{GREEK SMALL LETTER ALPHA}"}, "verifier"),
        ({"number": -1}, "number"),
        ({"number": 2**128}, "number"),
    ],
)
def test_fields_out_of_range_are_refused_by_name(changed, named):
    fields = {"purpose": "act", "network": "ring", "number": 1, "verifier": "node-a", "text": ""}
    with pytest.raises(ValueError, match=named):
        Statement(**(fields | changed))
