"""What the account of relayed keys says is what sharing and decoding of real keys do."""

from types import SimpleNamespace

import numpy as np
import pytest

from hil_sim.adversary.relay import RelayConduct, relay_outcomes
from qkdctl.secretsharing.recovery import InconsistentSharesError, TooFewSharesError, recover
from qkdctl.secretsharing.shares import Share, split

PLANS = [(1, 1), (1, 3), (2, 2), (2, 3), (2, 5), (3, 5), (4, 7)]


def relayed(rng, shares, conducts):
    """What arrives of shares that travel over one relay each."""
    arrived = []
    for share, conduct in zip(shares, conducts, strict=True):
        if conduct & RelayConduct.WITHHOLD:
            continue
        data = share.data
        if conduct & RelayConduct.CORRUPT:
            noise = bytes([int(rng.integers(1, 256))]) + rng.bytes(len(data) - 1)
            data = bytes(a ^ b for a, b in zip(data, noise, strict=True))
        arrived.append(Share(share.index, share.length, data))
    return arrived


def decoded(secret, arrived, k):
    """Whether the ends come to hold the key, see that it is spoilt, or lack shares."""
    try:
        found = recover(arrived, k, most_wrong=max((len(arrived) - k) // 2, 0))
    except TooFewSharesError:
        return "lost"
    except InconsistentSharesError:
        return "detected"
    # with more lies than can be corrected another key may come out, which the comparison of a hash shows
    return "delivered" if found.secret == secret else "detected"


@pytest.mark.parametrize(("k", "n"), PLANS)
def test_the_account_is_what_decoding_gives(k, n):
    rng = np.random.default_rng(100 * k + n)
    seen = set()
    for _ in range(40):
        chance = rng.choice([0.1, 0.3, 0.6])
        conducts = [
            RelayConduct(int(rng.choice([RelayConduct.WITHHOLD, RelayConduct.CORRUPT])) if rng.random() < chance else 0)
            for _ in range(n)
        ]
        one_route = SimpleNamespace(
            path_offsets=np.array([0, n]),
            thresholds=np.array([k]),
            relay_offsets=np.arange(n + 1),
            relays=np.arange(n),
        )
        outcome = relay_outcomes(one_route, np.array(conducts, dtype=np.uint8), np.arange(n))
        (accounted,) = (name for name in ("delivered", "detected", "lost") if getattr(outcome, name)[0])
        secret = rng.bytes(32)
        assert decoded(secret, relayed(rng, split(secret, k, n, rng.bytes), conducts), k) == accounted
        seen.add(accounted)
    assert "delivered" in seen
    assert len(seen) > 1
