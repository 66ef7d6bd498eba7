"""What a policy file must pass before it is at hand, in this order, on bytes that were read once."""

import asyncio
import hashlib
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from qkdctl.library.manifest import Manifest, check_signature, check_version
from qkdctl.library.trying import try_apart
from qkdctl.policy import format as fmt
from qkdctl.policy.execution import OnnxPolicy
from qkdctl.policy.failure import PolicyFailure, PolicyRejected
from qkdctl.policy.vetting import vet


def check_outside(
    data: bytes, manifest: Manifest, keys: Mapping[str, Ed25519PublicKey], active: Manifest | None
) -> None:
    """All that can be said without a look into the file: size, digest, signature, version.

    Args:
        data: content of the file.
        manifest: that came with it.
        keys: trusted signers; without any, nothing needs a signature.
        active: manifest of the active policy, None for a baseline.

    Raises:
        PolicyRejected: `too-large`, `digest`, `unsigned`, `signature` or `version`.
    """
    if len(data) > fmt.MAX_BYTES:
        raise PolicyRejected("too-large", f"{len(data)} bytes or more, at most {fmt.MAX_BYTES}")
    found = hashlib.sha256(data).hexdigest()
    if (found, len(data)) != (manifest.sha256, manifest.size):
        text = f"the file has SHA-256 {found} and {len(data)} bytes"
        raise PolicyRejected("digest", f"{text}, the manifest says {manifest.sha256} and {manifest.size}")
    check_signature(manifest, keys)
    check_version(manifest, active)


async def admit(data: bytes, warm_links: int) -> OnnxPolicy:
    """Look into the file in a child process; then load it here, beside the event loop, and run it once.

    Args:
        data: content of the file, from outside in order.
        warm_links: links of the network, the batch size of the first run.

    Raises:
        PolicyRejected: with the code of the first check that failed.
    """
    await try_apart(data)
    return await asyncio.to_thread(load, data, warm_links)


def load(data: bytes, warm_links: int) -> OnnxPolicy:
    """Load a file that has had its trial.

    Raises:
        PolicyRejected: it is no policy of this build, or does not run here.
    """
    try:
        return OnnxPolicy(vet(data), max(1, warm_links))
    except PolicyFailure as failure:
        raise PolicyRejected(failure.code, str(failure).partition(": ")[2]) from failure
