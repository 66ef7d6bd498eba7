"""One key over several paths: k of n shares, each under the key of one path that is known to be right.

The paths' keys are compared before anything is sent under them. A path that failed carries no share, so that opening
its keys gives nothing away, and every share that is sent arrives: k good paths suffice.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from hil_sim.key_relay.transfer import KEY_BYTES
from qkdctl.secretsharing.recovery import join
from qkdctl.secretsharing.shares import RandomBytes, Share, split


@dataclass(frozen=True, slots=True)
class SealedKey:
    """What crosses the network for one key; anybody may read it.

    Attributes:
        threshold: k.
        sealed: share number of a path -> the share that went along it, one-time padded with the path's key.
    """

    threshold: int
    sealed: Mapping[int, bytes]

    def open(self, path_keys: Mapping[int, bytes]) -> bytes:
        """The key, for whoever has the keys of k paths.

        Raises:
            TooFewSharesError: with fewer.
        """
        points = {path: point for point, path in enumerate(sorted(self.sealed), start=1)}
        shares = [
            Share(points[path], KEY_BYTES, _xor(sealed, path_keys[path]))
            for path, sealed in self.sealed.items()
            if path in path_keys
        ]
        return join(shares, self.threshold)


def seal_key(key: bytes, threshold: int, path_keys: Mapping[int, bytes], random: RandomBytes) -> SealedKey:
    """Split a key of 32 bytes over the paths that are good, at least `threshold` of them."""
    paths = sorted(path_keys)
    shares = split(key, threshold, len(paths), random)
    return SealedKey(threshold, {path: _xor(s.data, path_keys[path]) for path, s in zip(paths, shares, strict=True)})


def _xor(one: bytes, two: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, two, strict=True))
