"""Key in store and what becomes of it: authentication of the links themselves, and relay for the demands."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hil_sim.adversary.conduct import Conduct
from hil_sim.adversary.relay import relay_outcomes
from hil_sim.network.demands import Queues
from hil_sim.network.key_buffers import KeyBuffers
from hil_sim.network.key_making import KeyMade
from hil_sim.network.network import Stack
from hil_sim.network.relaying import grant, known_share

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Served:
    """What the demands got in an epoch, in bits; arrays of shape (demands,).

    Attributes:
        asked: new requests.
        delivered: relayed and right.
        spoilt: withheld or corrupted on the way; the request waits on.
        leaked: expected bits of the delivered that somebody else knows.
        given_up: requests that had waited too long.
        waiting: still in the queue.
        used: key used for it on each link, shape (links,).
        authenticated: key that each link used to authenticate its own messages, shape (links,).
    """

    asked: Counts
    delivered: Counts
    spoilt: Counts
    leaked: Floats
    given_up: Counts
    waiting: Counts
    used: Counts
    authenticated: Counts


class KeyService:
    """The key layer of a stack.

    Attributes:
        buffers: key in store.
        queues: requests that wait.
    """

    def __init__(self, stack: Stack, epoch_s: float) -> None:
        self._stack = stack
        self._epoch_s = epoch_s
        self.buffers = KeyBuffers(stack.buffers)
        self.queues = Queues(stack.demands, epoch_s)
        self._authentication_due = np.zeros(stack.links.count)

    def reset(self, number: int) -> None:
        """Put one network back to its start."""
        links = self._stack.links_of[number]
        self.buffers.reset(links)
        self.queues.reset(self._stack.demands_of[number])
        self._authentication_due[links] = 0.0

    def chosen(self, route: Counts) -> Counts:
        """Numbers of the chosen routes in the table of all.

        Raises:
            ValueError: for a route that the demand does not have.
        """
        choices = self._stack.routes.choices()
        wrong = (route < 0) | (route >= choices)
        if wrong.any():
            demand = int(np.argmax(wrong))
            raise ValueError(f"demand {demand} has routes 0 to {choices[demand] - 1}, got {route[demand]}")
        return np.asarray(self._stack.routes.demand_offsets[:-1] + route)

    def run(self, key: KeyMade, routes: Counts, noise: Floats, conduct: Conduct) -> Served:
        """Store the key of an epoch, and use what is asked for.

        Args:
            key: fresh.
            routes: number of the chosen route of each demand in the table of all.
            noise: standard normal, shape (demands,), for the requests.
            conduct: of the relays.
        """
        self.buffers.store(key.stored_bits, key.known_bits)
        authenticated = self._authenticate()
        served = self._serve(routes, noise, conduct, authenticated)
        self.buffers.settle()
        return served

    def _authenticate(self) -> Counts:
        """Use up what the links need to authenticate their own messages, out of the reserve if need be."""
        self._authentication_due += self._stack.authentication_bps * self._epoch_s
        whole = np.minimum(np.floor(self._authentication_due).astype(np.int64), self.buffers.bits)
        self._authentication_due = np.minimum(
            self._authentication_due - whole, self._stack.authentication_bps * self._epoch_s
        )
        self.buffers.use(whole)
        return whole

    def _serve(self, routes: Counts, noise: Floats, conduct: Conduct, authenticated: Counts) -> Served:
        asked, given_up = self.queues.arrive(noise)
        granted, used = grant(self._stack.routes, routes, self.queues.waiting_bits, self.buffers.available())
        delivered, known = granted, known_share(self._stack.routes, routes, self.buffers.known_share())
        if conduct.relaying.any():
            outcome = relay_outcomes(self._stack.routes, conduct.relaying, conduct.coalition, routes)
            delivered = np.where(outcome.delivered, granted, 0)
            known = np.where(outcome.leaked, 1.0, known)
        self.buffers.use(used)
        self.queues.serve(delivered)
        waiting = self.queues.waiting_bits.copy()
        spoilt = granted - delivered
        return Served(asked, delivered, spoilt, delivered * known, given_up, waiting, used, authenticated)
