"""The bare kernels of the network in use: the same draws and evaluations of physics, and nothing around them.

No commands, checks, adversaries, accounts or reports: what is left is what NumPy, SciPy and the formulas cost.
"""

import numpy as np

from hil_sim.channels.quaternions import basis_errors, multiply
from hil_sim.network.counting import binomial, poisson
from hil_sim.network.detection import Optics, bb84_clicks
from hil_sim.network.key_credit import Block, Claims, bb84_bits
from hil_sim.network.relaying import grant
from hil_sim.network.streams import chunk_steps
from hil_sim.world.receiver import Receiver
from tests.bench.network.in_use import ring
from tests.bench.network.order import Order, answer


class Links:
    """Links as in `in_use`."""

    def __init__(self, order: Order) -> None:
        self._order, self._network = order, ring(order.links)
        self._rng = np.random.Generator(np.random.SFC64(order.seed))
        self._state = self._network.channel.start(self._rng)
        self._controller = np.broadcast_to([1.0, 0.0, 0.0, 0.0], (order.links, 4)).copy()

    def run(self) -> int:
        """Simulate `order.steps` steps of `order.step_s`; the sifted bits of all links."""
        sifted, order = 0, self._order
        chunk = chunk_steps(order.links)
        for step in range(order.steps):
            if step % chunk == 0:
                elapsed_s = step * order.step_s
                trace = self._network.channel.trace(self._state, chunk, order.step_s, elapsed_s, self._rng)
                self._state = trace.end
            sifted += self._step(trace, step % chunk)
        return sifted

    def _step(self, trace, row: int) -> int:
        network, order, links = self._network, self._order, self._network.links
        noise = self._rng.standard_normal((21, order.links))
        drawn = noise[:18].reshape(3, 2, 3, -1)
        errors = np.stack(basis_errors(multiply(self._controller, trace.rotation[row])))
        optics = Optics(
            mean_photon_number=links.start_e6 * 1e-6 * trace.source_factor[row],
            loss_db=links.nominal_loss_db + trace.excess_loss_db[row],
            receiver_loss_db=links.receiver_loss_db,
            basis_errors=links.intrinsic_error + (1 - 2 * links.intrinsic_error) * errors + trace.extra_error[row],
            phase_error=trace.phase_error[row],
            receiver=Receiver(
                (links.efficiency * trace.efficiency_factor[row])[np.newaxis],
                (links.dark_rate_hz * trace.dark_factor[row])[np.newaxis],
                links.dead_time_s[np.newaxis],
                links.afterpulse_probability[np.newaxis],
                links.gated[np.newaxis],
                links.gate_s,
                links.pulse_rate_hz,
            ),
            ratios=links.ratios,
            shares=links.shares,
            bases=links.bases,
            sending=links.sending,
            slice_share=links.slice_share,
        )
        clicks = bb84_clicks(optics)
        either = clicks.right + clicks.wrong
        sent = binomial(links.pulse_rate_hz * order.step_s, clicks.sent, drawn[0])
        detected = binomial(sent, either, drawn[1])
        wrong = binomial(detected, clicks.wrong / either, drawn[2])
        self._key(sent, detected, wrong)
        demands = network.demands
        waiting = poisson(demands.rate_bps * order.step_s / demands.request_bits, noise[18, : demands.rate_bps.size])
        grant(network.routes, network.routes.demand_offsets[:-1], waiting * 4096, network.buffers.start)
        return int(detected[:, 0].sum())

    def _key(self, sent, detected, wrong) -> None:
        """Analyse the links whose blocks a step fills on its own."""
        links = self._network.links
        full = detected[0, 0] >= links.block_bits
        if full.any():
            claims = Claims(
                links.start_e6 * 1e-6,
                links.ratios,
                links.shares,
                links.sending,
                links.correction,
                links.least_clicks,
                links.finite,
                links.secrecy,
                links.correctness,
            )
            bb84_bits(Block(sent, detected, wrong).of(full), claims.of(full))


if __name__ == "__main__":
    answer(Links, "qkdctl")
