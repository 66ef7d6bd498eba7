"""Keys over several paths: k of n shares, each under the key of one path that is known to be right.

The paths' keys are compared before anything is sent under them. A path that failed carries no share, so that opening
its keys gives nothing away, and every share that is sent arrives: k good paths suffice.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from qkdctl.secretsharing.recovery import join
from qkdctl.secretsharing.shares import RandomBytes, Share, split


@dataclass(frozen=True, slots=True)
class SealedKeys:
    """What crosses the network for some keys; anybody may read it.

    Attributes:
        threshold: k.
        sealed: share number of a path -> the share that went along it, one-time padded with the path's key.
    """

    threshold: int
    sealed: Mapping[int, bytes]

    def open(self, path_keys: Mapping[int, bytes]) -> bytes:
        """The keys, for whoever has the keys of k paths.

        Raises:
            TooFewSharesError: with fewer.
        """
        points = {path: point for point, path in enumerate(sorted(self.sealed), start=1)}
        shares = [
            Share(points[path], len(sealed), _xor(sealed, path_keys[path]))
            for path, sealed in self.sealed.items()
            if path in path_keys
        ]
        return join(shares, self.threshold)


def seal_keys(keys: bytes, threshold: int, path_keys: Mapping[int, bytes], random: RandomBytes) -> SealedKeys:
    """Split whole keys over the paths that are good, at least `threshold` of them, each with as much key of its own."""
    paths = sorted(path_keys)
    shares = split(keys, threshold, len(paths), random)
    return SealedKeys(threshold, {path: _xor(s.data, path_keys[path]) for path, s in zip(paths, shares, strict=True)})


def _xor(one: bytes, two: bytes) -> bytes:
    return (int.from_bytes(one, "big") ^ int.from_bytes(two, "big")).to_bytes(len(one), "big")
