"""One-time tags: right ones pass, and a forger's chance is counted over all keys of a small field."""

import itertools
import random
from collections import Counter

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.secretsharing.field import BinaryField, element_bytes
from qkdctl.secretsharing.tags import OneTimeKey, forging_probability, polynomial_hash, tag, verify

SMALL = BinaryField(degree=5, tail=0b00101)
sixteen = st.binary(min_size=16, max_size=16)
keys = st.builds(OneTimeKey, sixteen, sixteen)
messages = st.binary(max_size=100)


@given(keys, messages)
def test_the_tag_of_a_message_passes(key, message):
    assert verify(key, message, tag(key, message))


@given(keys.filter(lambda key: any(key.point)), messages, messages)
def test_another_message_has_another_tag(key, message, other):
    """True but for chances of 2^-125 or so, because the examples do not depend on the field."""
    assert (tag(key, message) == tag(key, other)) == (message == other)


@given(keys, messages, st.integers(0, 15), st.integers(1, 255))
def test_every_bit_of_the_tag_counts(key, message, position, mask):
    changed = bytearray(tag(key, message))
    changed[position] ^= mask
    assert not verify(key, message, bytes(changed))


def test_truncated_tags_fail():
    key = OneTimeKey(bytes(16), bytes(16))
    assert not verify(key, b"m", tag(key, b"m")[:15])


def test_zeros_at_the_end_change_the_tag():
    key = OneTimeKey(element_bytes(2), bytes(16))
    assert len({tag(key, b"m" + bytes(i)) for i in range(40)}) == 40


def test_a_tag_by_hand():
    # message polynomial at x: block 1 times x^2, length 1 times x, plus pad x^100
    key = OneTimeKey(element_bytes(2), element_bytes(1 << 100))
    assert tag(key, b"\x01") == element_bytes(0b100 ^ 0b10 ^ (1 << 100))


def test_the_hash_is_ghash_in_its_bit_order():
    draw = random.Random(5)
    key, nonce, data = draw.randbytes(16), draw.randbytes(12), draw.randbytes(80)

    def block(data):
        return int.from_bytes(bytes(int(f"{byte:08b}"[::-1], 2) for byte in data), "little")

    def encrypt(data):
        return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(data)

    lengths = (8 * len(data)).to_bytes(8, "big") + bytes(8)
    padded = [block((data + lengths)[i : i + 16]) for i in range(0, 96, 16)]
    hashed = polynomial_hash(BinaryField(degree=128, tail=0x87), block(encrypt(bytes(16))), padded)
    assert hashed == block(AESGCM(key).encrypt(nonce, b"", data)) ^ block(encrypt(nonce + b"\0\0\0\1"))


@pytest.mark.parametrize("length", [1, 2, 3])
def test_no_forger_of_a_small_field_beats_the_bound_over_all_keys(length):
    """After a message and its tag, every guess (other message, tag) is right for at most `degree` of the 32 points."""
    draw = random.Random(length)
    reached = 0
    for _ in range(200):
        message, other = ([draw.randrange(32) for _ in range(length)] for _ in range(2))
        if message == other:
            continue
        differences = Counter(
            polynomial_hash(SMALL, point, message) ^ polynomial_hash(SMALL, point, other) for point in range(32)
        )
        reached = max(reached, *differences.values())
    assert reached <= length
    assert length == 1 or reached > 1


def test_tags_of_a_small_field_are_uniform_over_the_pads_whatever_the_point():
    message = [3, 17]
    for point in range(32):
        tags = {polynomial_hash(SMALL, point, message) ^ pad for pad in range(32)}
        assert len(tags) == 32


def test_random_tags_look_random():
    draw = random.Random(11)
    ones = np.zeros(128)
    for _ in range(2000):
        key = OneTimeKey(draw.randbytes(16), draw.randbytes(16))
        ones += np.unpackbits(np.frombuffer(tag(key, b"always the same"), dtype=np.uint8))
    # 2000 fair coins: standard deviation 22.4; 5.5 of them for the largest of 128 positions
    assert np.all(np.abs(ones - 1000) < 123)


def test_the_forging_probability_grows_with_the_blocks():
    assert [forging_probability(length) * 2**128 for length in (0, 1, 16, 17, 1024)] == [1, 2, 2, 3, 65]


def test_two_tags_under_one_pad_give_the_forger_a_third():
    """Why a pad is for one message."""
    key = OneTimeKey(element_bytes(12345), element_bytes(67890))
    blocks = [bytes([i]) * 16 for i in (1, 2, 4)]
    tags = [int.from_bytes(tag(key, block), "little") for block in blocks]
    third = bytes(a ^ b ^ c for a, b, c in zip(*blocks, strict=True))
    assert verify(key, third, element_bytes(tags[0] ^ tags[1] ^ tags[2]))


@pytest.mark.parametrize(("point", "pad"), [(15, 16), (16, 17)])
def test_keys_have_two_elements(point, pad):
    with pytest.raises(ValueError, match="16 bytes"):
        OneTimeKey(bytes(point), bytes(pad))


def test_keys_do_not_show_in_logs():
    key = OneTimeKey(b"p" * 16, b"s" * 16)
    assert all(secret not in f"{key} {key!r}" for secret in itertools.chain(["p" * 16], ["s" * 16]))
