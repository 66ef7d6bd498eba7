"""Poly1305 with a fixed secret and fresh pads gives the tags of RFC 8439 and takes no other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.auth.poly1305 import forging_probability, tag, verify

IETF = (
    b"Any submission to the IETF intended by the Contributor for publication as all or part of an IETF Internet-Draft "
    b'or RFC and any statement made within the context of an IETF activity is considered an "IETF Contribution". Such '
    b"statements include oral statements in IETF sessions, as well as written and electronic communications made at "
    b"any time or place, which are addressed to"
)
BRILLIG = (
    b"'Twas brillig, and the slithy toves\nDid gyre and gimble in the wabe:\nAll mimsy were the borogoves,\n"
    b"And the mome raths outgrabe."
)
LONG = "e33594d7505e43b900000000000000003394d7505e4379cd01000000000000000000000000000000000000000000000001" + "00" * 15
VECTORS = {
    "2.5.2": (
        "85d6be7857556d337f4452fe42d506a8",
        "0103808afb0db2fd4abff6af4149f51b",
        b"Cryptographic Forum Research Group",
        "a8061dc1305136c6c22b8baf0c0127a9",
    ),
    "A.3 1": ("00" * 16, "00" * 16, bytes(64), "00" * 16),
    "A.3 2": ("00" * 16, "36e5f6b5c5e06070f0efca96227a863e", IETF, "36e5f6b5c5e06070f0efca96227a863e"),
    "A.3 3": ("36e5f6b5c5e06070f0efca96227a863e", "00" * 16, IETF, "f3477e7cd95417af89a6b8794c310cf0"),
    "A.3 4": (
        "1c9240a5eb55d38af333888604f6b5f0",
        "473917c1402b80099dca5cbc207075c0",
        BRILLIG,
        "4541669a7eaaee61e708dc7cbcc5eb62",
    ),
    "A.3 5": ("02" + "00" * 15, "00" * 16, b"\xff" * 16, "03" + "00" * 15),
    "A.3 6": ("02" + "00" * 15, "ff" * 16, b"\x02" + bytes(15), "03" + "00" * 15),
    "A.3 7": (
        "01" + "00" * 15,
        "00" * 16,
        b"\xff" * 16 + b"\xf0" + b"\xff" * 15 + b"\x11" + bytes(15),
        "05" + "00" * 15,
    ),
    "A.3 8": ("01" + "00" * 15, "00" * 16, b"\xff" * 16 + b"\xfb" + b"\xfe" * 15 + b"\x01" * 16, "00" * 16),
    "A.3 9": ("02" + "00" * 15, "00" * 16, b"\xfd" + b"\xff" * 15, "fa" + "ff" * 15),
    "A.3 10": ("01" + "00" * 7 + "04" + "00" * 7, "00" * 16, bytes.fromhex(LONG), "14" + "00" * 7 + "55" + "00" * 7),
    "A.3 11": ("01" + "00" * 7 + "04" + "00" * 7, "00" * 16, bytes.fromhex(LONG)[:48], "13" + "00" * 15),
}


@pytest.mark.parametrize(("secret", "pad", "text", "expected"), VECTORS.values(), ids=VECTORS.keys())
def test_vectors_of_rfc_8439(secret: str, pad: str, text: bytes, expected: str) -> None:
    assert tag(bytes.fromhex(secret), bytes.fromhex(pad), text).hex() == expected


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16), st.binary(max_size=200))
def test_the_pad_is_added_to_a_hash_that_does_not_depend_on_it(secret: bytes, pad: bytes, text: bytes) -> None:
    hashed = int.from_bytes(tag(secret, bytes(16), text), "little")
    padded = (hashed + int.from_bytes(pad, "little")) % 2**128
    assert tag(secret, pad, text) == padded.to_bytes(16, "little")


@given(st.binary(min_size=1, max_size=16), st.binary(max_size=64))
def test_a_tag_is_never_taken_shortened_or_changed(change: bytes, text: bytes) -> None:
    secret, pad = bytes(range(16)), bytes(range(100, 116))
    right = tag(secret, pad, text)
    assert verify(secret, pad, text, right)
    for length in range(16):
        assert not verify(secret, pad, text, right[:length])
    wrong = bytes(one ^ two for one, two in zip(right, change.ljust(16, b"\0"), strict=True))
    assert verify(secret, pad, text, wrong) == (not any(change))


def test_one_attempt_at_64_kib_succeeds_at_most_every_2_to_the_91_times() -> None:
    assert forging_probability(65_536) == 2.0**-91
    assert forging_probability(0) == forging_probability(16) == 2.0**-103
    assert forging_probability(17) == 2.0**-102


@pytest.mark.parametrize(("secret", "pad"), [(bytes(15), bytes(16)), (bytes(16), bytes(17)), (bytes(15), bytes(17))])
def test_key_of_another_length_is_refused(secret: bytes, pad: bytes) -> None:
    with pytest.raises(ValueError, match="must be 16 and 16 bytes"):
        tag(secret, pad, b"")
