"""The canonical encoding takes integers and strings at any depth, and tells where anything else is."""

import json
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qkdctl.records.encoding import canonical_bytes, digest

leaves = st.integers(-(2**70), 2**70) | st.text(max_size=5)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=40)
@given(values)
def test_what_is_encoded_comes_back(value: Any) -> None:
    assert json.loads(canonical_bytes(value)) == value


@settings(max_examples=40)
@given(st.dictionaries(st.text(max_size=3), values, max_size=3))
def test_neither_order_nor_kind_of_container_matters(value: dict[str, Any]) -> None:
    backwards = dict(reversed(value.items()))
    assert digest(value) == digest(backwards)
    assert canonical_bytes([list(value)]) == canonical_bytes((tuple(value),))


@pytest.mark.parametrize("bad", [True, None, 1.5, b"x", {1, 2}, object()])
def test_anything_else_is_refused_with_its_place(bad: Any) -> None:
    cases: list[tuple[Any, str]] = [
        (bad, r"\$:"),
        ({"a": [1, bad]}, r"\$\.a\[1\]:"),
        (["x", {"b": {"c": bad}}], r"\$\[1\]\.b\.c:"),
    ]
    for value, place in cases:
        with pytest.raises(TypeError, match=f"^{place} {type(bad).__name__} has no canonical encoding"):
            canonical_bytes(value)


@pytest.mark.parametrize("key", [1, None, ("a",)])
def test_keys_are_strings(key: Any) -> None:
    with pytest.raises(TypeError, match=r"^\$\.a: key .* is no string"):
        canonical_bytes({"a": {key: 1}})


def test_other_mappings_are_looked_at_too() -> None:
    with pytest.raises(TypeError, match=r"^\$\.a\.b: float"):
        canonical_bytes({"a": MappingProxyType({"b": 0.5})})  # type: ignore[dict-item]
