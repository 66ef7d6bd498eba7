"""GF(2^128) against published GHASH values, against another implementation, and as a field."""

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.secretsharing.field import GF128, BinaryField, element, element_bytes

elements = st.integers(0, GF128.order - 1)
SMALL = BinaryField(degree=4, tail=0b0011)


def ghash_block(block):
    """A block of GHASH as our element: GHASH counts the bits of every byte from the other end."""
    return element(bytes(int(f"{byte:08b}"[::-1], 2) for byte in block))


# McGrew and Viega, The Galois/Counter Mode of Operation (GCM), appendix B, test case 2.
HASH_KEY = ghash_block(bytes.fromhex("66e94bd4ef8a2c3b884cfa59ca342b2e"))
CIPHERTEXT = ghash_block(bytes.fromhex("0388dace60b6a392f328c2b971b2fe78"))
FIRST = ghash_block(bytes.fromhex("5e2ec746917062882c85b0685353deb7"))
LENGTHS = ghash_block(bytes.fromhex("00000000000000000000000000000080"))
GHASH = ghash_block(bytes.fromhex("f38cbb1ad69223dcc3457ae5b6b0f885"))


def test_products_are_those_of_the_gcm_test_cases():
    assert GF128.multiply(CIPHERTEXT, HASH_KEY) == FIRST
    assert GF128.multiply(FIRST ^ LENGTHS, HASH_KEY) == GHASH


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=12, max_size=12), st.binary(min_size=16, max_size=16))
def test_products_are_those_inside_aes_gcm(key, nonce, authenticated):
    def encrypt(block):
        return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(block)

    hash_key = ghash_block(encrypt(bytes(16)))
    tag = AESGCM(key).encrypt(nonce, b"", authenticated)
    lengths = ghash_block((128).to_bytes(8, "big") + bytes(8))
    hashed = GF128.multiply(GF128.multiply(ghash_block(authenticated), hash_key) ^ lengths, hash_key)
    assert hashed == ghash_block(tag) ^ ghash_block(encrypt(nonce + b"\0\0\0\1"))


def test_powers_of_x_in_the_documented_bit_order():
    x = element(b"\x02" + bytes(15))
    assert x == 2
    assert GF128.multiply(1 << 127, x) == 0b10000111
    assert element_bytes(GF128.multiply(1 << 63, x)) == bytes(8) + b"\1" + bytes(7)


@given(elements, elements, elements)
def test_multiplication_is_commutative_associative_and_distributive(a, b, c):
    assert GF128.multiply(a, b) == GF128.multiply(b, a)
    assert GF128.multiply(GF128.multiply(a, b), c) == GF128.multiply(a, GF128.multiply(b, c))
    assert GF128.multiply(a, b ^ c) == GF128.multiply(a, b) ^ GF128.multiply(a, c)


@given(elements.filter(bool))
def test_the_inverse_undoes_multiplication(a):
    assert GF128.multiply(a, GF128.inverse(a)) == 1


def test_a_small_field_has_a_group_of_units():
    products = [[SMALL.multiply(a, b) for b in range(1, 16)] for a in range(1, 16)]
    assert all(sorted(row) == list(range(1, 16)) for row in products)
    assert [SMALL.multiply(a, SMALL.inverse(a)) for a in range(1, 16)] == [1] * 15


def test_zero_has_no_inverse():
    with pytest.raises(ZeroDivisionError):
        GF128.inverse(0)


@given(elements)
def test_bytes_and_elements_go_there_and_back(a):
    assert element(element_bytes(a)) == a


def test_an_element_has_sixteen_bytes():
    with pytest.raises(ValueError, match="16 bytes, got 15"):
        element(bytes(15))
