"""Relays that may have lost keys of a demand, and how long the demand goes out of their way.

Which relay of a path lost the keys is not known, so all of it are under suspicion, and paths on which fewer of those
stand are tried first. Suspicion concerns the one demand whose ends complain: they can harm nobody else with it.
"""

from collections.abc import Collection, Mapping

from qkdctl.records.route import MOST_SUSPICION, RoutePlan, Suspect

STRIKE_EPOCHS = 50
"""That an epoch with losses adds to a suspicion; one alone, as when a link ran short once, has no effect."""
SUSPECT_COST = 20_000
"""Of a relay under suspicion: as much as twenty hops with plenty of key, and far less than of one to be excluded."""


def next_suspects(
    before: RoutePlan | None, lossy: Collection[tuple[str, int, int]], excluded: Collection[str] = ()
) -> tuple[Suspect, ...]:
    """Who is under suspicion after an epoch, sorted.

    Once one of them is excluded, the losses are put down to that one: the others go free, until they stand on a path
    that loses keys once more. Relays that are excluded already are not under suspicion: they are worse.

    Args:
        before: the route that was in force.
        lossy: demand, share and since of paths that lose keys.
        excluded: nodes that are.
    """
    if before is None:
        return ()
    left = {suspect.node: suspect.epochs_left - 1 for suspect in before.suspects}
    if not left.keys().isdisjoint(excluded):
        left = {node: min(epochs, STRIKE_EPOCHS) for node, epochs in left.items()}
    for share, path in enumerate(before.paths, start=1):
        if (before.demand, share, before.since) in lossy:
            left |= {relay: min(MOST_SUSPICION, left.get(relay, 0) + STRIKE_EPOCHS) for relay in path.relays}
    suspects = sorted(left.keys() - {*excluded})
    return tuple(Suspect(node=node, epochs_left=left[node]) for node in suspects if left[node] > 0)


def suspicion(suspects: Collection[Suspect]) -> Mapping[str, int]:
    """What relaying through suspects costs beyond all else; those of a single epoch with losses go free."""
    return {suspect.node: SUSPECT_COST for suspect in suspects if suspect.epochs_left > STRIKE_EPOCHS}
