"""One-time authentication of bytes: Poly1305 with a key that consists of a fixed secret and a fresh pad.

The tag is (H_r(text) + s) mod 2^128 (RFC 8439, section 2.5). Each pad s is uniformly random and used for one text, so
the tags tell nothing about r, whatever the computing power; this is Wegman and Carter's construction (J. Comput. Syst.
Sci. 22, 265, 1981). Bound: Bernstein, "The Poly1305-AES message-authentication code" (FSE 2005), theorem 3.3.
"""

import hmac

from cryptography.hazmat.primitives.poly1305 import Poly1305

SECRET_BYTES = 16
PAD_BYTES = 16
TAG_BYTES = 16
_BLOCK_BYTES = 16


def tag(secret: bytes, pad: bytes, text: bytes) -> bytes:
    """Tag of 16 bytes.

    Args:
        secret: r, 16 bytes; the bits that Poly1305 wants to be zero are cleared here.
        pad: s, 16 bytes, never used for another text under the same secret.
        text: of any length.

    Raises:
        ValueError: secret or pad of another length.
    """
    if len(secret) != SECRET_BYTES or len(pad) != PAD_BYTES:
        raise ValueError(f"secret and pad must be {SECRET_BYTES} and {PAD_BYTES} bytes")
    return Poly1305.generate_tag(secret + pad, text)


def verify(secret: bytes, pad: bytes, text: bytes, claimed: bytes) -> bool:
    """Whether the tag is the text's, compared in a time that tells nothing. A shortened tag never is."""
    return hmac.compare_digest(tag(secret, pad, text), claimed)


def forging_probability(length: int) -> float:
    """Upper bound on the chance of one attempt at a text of at most this many bytes: 8 ceil(length / 16) / 2^106.

    It holds for an adversary of unlimited power who saw any number of tags under other pads and one under this pad.
    """
    return 8 * max(1, -(-length // _BLOCK_BYTES)) / 2.0**106
