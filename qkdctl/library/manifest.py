"""What is said about a policy file outside of it, and who signed that."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import Field, ValidationError

from qkdctl.policy.baselines import BASELINES
from qkdctl.policy.failure import PolicyRejected
from qkdctl.records.base import Count, Name, NameOrNone, Record

CONTEXT: Final = b"qkdctl policy manifest 1\n"
"""Stands before what is signed, so that no signature made for another purpose counts."""


class Manifest(Record):
    """Digest, size and version of a policy file, with an Ed25519 signature (RFC 8032) where keys are trusted.

    Attributes:
        name: for people.
        version: counter that rises with every release; what is older than the active one is refused.
        signer: name of the key; "" without a signature.
        signature: over `signed_bytes`, hexadecimal; "" without one.
    """

    name: Name
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    size: Count
    version: Count
    signer: NameOrNone = ""
    signature: Annotated[str, Field(pattern=r"^([0-9a-f]{128})?$")] = ""

    @classmethod
    def read(cls, text: str) -> Self:
        """Parse the JSON of a manifest.

        Raises:
            PolicyRejected: `manifest`.
        """
        try:
            return cls.from_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"])) or "the document"
            raise PolicyRejected("manifest", f"{place}: {first['msg']}") from error

    @property
    def signed_bytes(self) -> bytes:
        """What a signer signs: everything but the signature itself."""
        return CONTEXT + self.model_copy(update={"signature": ""}).canonical()

    def signed(self, signer: str, key: Ed25519PrivateKey) -> "Manifest":
        """The manifest with the signature of a key."""
        unsigned = self.model_copy(update={"signer": signer})
        return unsigned.model_copy(update={"signature": key.sign(unsigned.signed_bytes).hex()})


def trusted(entries: Iterable[str]) -> Mapping[str, Ed25519PublicKey]:
    """Public keys by the name of their signer, from entries of the form NAME:HEX.

    Raises:
        ValueError: a name occurs twice.
    """
    pairs = [entry.split(":", 1) for entry in entries]
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a signer occurs twice among the trusted keys")
    return {name: Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)) for name, key in pairs}


def check_signature(manifest: Manifest, keys: Mapping[str, Ed25519PublicKey]) -> None:
    """Where keys are trusted, one of them must have signed.

    Raises:
        PolicyRejected: `unsigned` or `signature`.
    """
    if not keys:
        return
    known = ", ".join(sorted(keys))
    if not manifest.signature:
        raise PolicyRejected("unsigned", f"the manifest is not signed; a signature of {known} is required")
    key = keys.get(manifest.signer)
    if key is None:
        raise PolicyRejected("signature", f"signed by {manifest.signer!r}, trusted are {known}")
    try:
        key.verify(bytes.fromhex(manifest.signature), manifest.signed_bytes)
    except InvalidSignature as error:
        raise PolicyRejected("signature", f"the signature of {manifest.signer} does not fit the manifest") from error


def check_name(manifest: Manifest) -> None:
    """A file is not called as a policy that every node has: one would be activated in place of the other.

    Raises:
        PolicyRejected: `name`.
    """
    if manifest.name in BASELINES:
        text = f"{manifest.name} is a policy without a file, which every node has; give the file another name"
        raise PolicyRejected("name", text)


def check_version(manifest: Manifest, active: Manifest | None) -> None:
    """A release that is older than the active one is refused; so are two files of one version.

    Raises:
        PolicyRejected: `version`.
    """
    if active is None or manifest.sha256 == active.sha256 or manifest.version > active.version:
        return
    text = f"version {manifest.version} of {manifest.name} is not above {active.version}, which is active"
    raise PolicyRejected("version", f"{text}; to go back, activate a policy that is kept here")
