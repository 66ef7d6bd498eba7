"""The report: what a policy costs, promises next to what was measured."""

from typing import Final

from tests.bench.figures import Spread
from tests.bench.policies.inference import BARE, CHECKED
from tests.bench.policies.learning import LEARNERS, OURS
from tests.bench.policies.results import Results
from tests.bench.table import span, table

OVERHEAD: Final = 1.2
"""Promised bound on a checked call over a bare one."""

EPISODES: Final = 500
"""For which the time is told."""


def render(results: Results) -> str:
    """Markdown."""
    machine, plan, order = results.machine, results.plan, results.plan.order
    swaps = span(Spread.of(results.swaps_ms), 1)
    return f"""\
# Policies: time to ask, to swap and to teach one

- {results.date}, revision {results.revision}, {results.mode} plan, {results.duration_s:.0f} s
- {machine["cores"]} cores of {machine["processor"]}, {machine["system"]}
- load average (1, 5, 15 min) before {results.load["before"]}, after {results.load["after"]}
- {results.policy}, one thread, {plan.rounds} rounds of {plan.calls} calls, call by call in turn

{_promises(results)}

The difference between the two is the check of every value: shape, finite, on the grid, within the bound that the
weights prove; and that integers come out. Figures are medians over the rounds, in brackets the least and
the most.

{_calls(results)}

A swap, from the bytes to a policy that is vetted, loaded and warmed for {max(plan.links)} links, took {swaps} ms; it is
done beside the event loop, and the exchange itself is one assignment between two epochs.

## Learning

{order.networks} networks for {order.epochs} epochs, {order.updates} updates of {order.batch} rows per epoch,
one thread, {plan.lessons} rounds in turn, on the same simulated networks. A link epoch is one link for one epoch;
figures are per second of processor time and include the updates. The learner of qkdctl does more per update
(prioritised replay, two heads, masks, returns over several epochs), and its figures include building everything, two
looks at a selection set and two exports; the peer samples uniformly over single epochs. What the shipped training of
{EPISODES} episodes takes, which learns with foresight, stands in [policy-learning.md](policy-learning.md).

{_learning(results)}
"""


def _promises(results: Results) -> str:
    rows = []
    for links in results.plan.links:
        overhead = results.overhead(links)
        met = "yes" if overhead.median < OVERHEAD else "no"
        rows.append((f"asking for {links} links costs under {OVERHEAD} times the bare call", span(overhead, 2), met))
    return table(("promise", "measured", "met"), rows)


def _calls(results: Results) -> str:
    rows = [
        (
            name,
            str(links),
            span(results.spread(name, links, "p50_us"), 1),
            span(results.spread(name, links, "p99_us"), 1),
        )
        for links in results.plan.links
        for name in (CHECKED, BARE)
    ]
    return table(("", "links", "p50 us", "p99 us"), rows)


def _learning(results: Results) -> str:
    ours = results.learning(OURS.title)
    rows = []
    for entry in LEARNERS:
        rate, seconds = results.learning(entry.title), results.seconds(entry.title, EPISODES)
        if rate is None or seconds is None:
            rows.append((entry.title, results.absent.get(entry.title, "not measured"), "", ""))
        else:
            ratio = "" if ours is None else f"{rate.median / ours.median:.2f}"
            rows.append((entry.title, span(rate), ratio, span(seconds)))
    return table(("learner", "link epochs per s", "over qkdctl", f"s for {EPISODES} such episodes"), rows)
