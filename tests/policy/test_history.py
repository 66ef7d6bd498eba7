"""What the shield remembers."""

from qkdctl.policy.history import LinkHistory, ShieldHistory
from qkdctl.records.plan import LinkPlan, Plan


def plan(epoch: int, *actions: tuple[str, str]) -> Plan:
    links = tuple(
        LinkPlan(
            link=name,
            action=action,
            mean_photon_number_e6=250_000,
            protocol="bb84",
            realign=int(action == "realign"),
            interventions=(),
        )
        for name, action in actions
    )
    return Plan(epoch=epoch, policy="hold", links=links)


def test_switches_and_realignments_are_kept_per_link() -> None:
    history = ShieldHistory().after(plan(1, ("a", "realign"), ("b", "hold")), 3_600)
    history = history.after(plan(2, ("a", "switch-tf"), ("b", "up-small")), 3_600)
    history = history.after(plan(9, ("a", "realign"), ("b", "hold")), 3_600)
    assert history.of("a") == LinkHistory(link="a", switches=(2,), realigns=(1, 9))
    assert history.of("b") == LinkHistory(link="b")
    assert [entry.link for entry in history.links] == ["a"]


def test_what_lies_outside_the_window_is_forgotten() -> None:
    history = ShieldHistory().after(plan(1, ("a", "realign"), ("b", "switch-tf")), 10)
    assert history.after(plan(10, ("a", "hold")), 10) == history
    assert history.after(plan(11, ("a", "hold")), 10) == ShieldHistory()


def test_restart_keeps_it() -> None:
    history = ShieldHistory().after(plan(1, ("a", "realign"), ("b", "switch-tf")), 3_600)
    assert ShieldHistory.from_json(history.canonical()) == history
