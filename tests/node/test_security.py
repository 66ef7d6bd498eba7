"""What is claimed of the agreement is judged by the members that there are, not by those that there were."""

from itertools import combinations

from qkdctl.auth.levels import Kind, Level
from qkdctl.clock import VirtualClock
from qkdctl.config.network_section import NetworkSection
from qkdctl.control.alarms import Alarms
from qkdctl.network.description import NetworkDescription
from qkdctl.network.load import parse_description
from qkdctl.node.security import FALSE_CLAIM, Security
from tests.network.texts import NODES, RING_TEXT

FOUNDERS = tuple(sorted(NODES))
HUB = "[members.hub]\njoins = true\n" + "".join(
    f'[links.hub-{node}]\nalice = "hub"\nbob = "{node}"\npulse_rate_hz = 1e9\n' for node in NODES
)


def security_of(description: NetworkDescription, claim: str, alarms: Alarms) -> Security:
    """Of north, whose keys come from links."""
    section = NetworkSection.model_validate(
        {"file": "/network.toml", "key_directory": "/keys", "key_files_from_qkd": True, "claim": claim}
    )
    return Security("north", section, description, alarms)


def alarms_of(alarms: Alarms) -> list[str]:
    return [alarm.code for alarm in alarms.listed() if alarm.active]


def test_levels_follow_admission_and_removal() -> None:
    description = parse_description(RING_TEXT + HUB)
    security, book = security_of(description, "computational", Alarms(VirtualClock())), description.book
    relayed = Level(Kind.ITS_RELAYED, 2)
    assert security.level("south", relayed) == relayed
    security.take(book)
    assert security.level("south", relayed) == relayed
    security.take(book.model_copy(update={"members": tuple(sorted((*FOUNDERS, "hub")))}))
    assert security.level("south", relayed) == Level(Kind.ITS_RELAYED, 3)
    security.take(book.model_copy(update={"members": ("north", "south", "west"), "faults": 0}))
    assert security.level("south", relayed) == Level(Kind.ITS_RELAYED, 1)
    assert security.level("south", Level(Kind.COMPUTATIONAL)) == Level(Kind.COMPUTATIONAL)
    assert security.level("south", Level(Kind.NONE)) == Level(Kind.NONE)


def test_a_claim_that_members_or_f_make_false_is_an_alarm_until_it_is_true_again() -> None:
    description = parse_description(RING_TEXT + HUB)
    alarms = Alarms(VirtualClock())
    security, book = security_of(description, "information-theoretic", alarms), description.book
    with_hub = book.model_copy(update={"members": tuple(sorted((*FOUNDERS, "hub")))})
    security.take(with_hub)
    assert alarms_of(alarms) == [], "kappa is 3"
    security.take(book)
    assert alarms_of(alarms) == [FALSE_CLAIM], "kappa is 2"
    security.take(book.model_copy(update={"faults": 0}))
    assert alarms_of(alarms) == [], "f = 0 needs one path"
    security.take(with_hub.model_copy(update={"faults": 2}))
    assert alarms_of(alarms) == [FALSE_CLAIM], "f = 2 needs five"


def test_a_new_link_everywhere_needs_no_relay() -> None:
    rest = "".join(
        f'[links.x-{one}-{two}]\nalice = "{one}"\nbob = "{two}"\npulse_rate_hz = 1e9\n'
        for one, two in combinations(FOUNDERS, 2)
    )
    description = parse_description(RING_TEXT + rest)
    alarms = Alarms(VirtualClock())
    security_of(description, "information-theoretic", alarms).take(description.book)
    assert alarms_of(alarms) == []


def test_a_node_alone_claims_nothing() -> None:
    security = Security("north", None, None, Alarms(VirtualClock()))
    security.take(parse_description(RING_TEXT).book)
    assert security.level("south", Level(Kind.ITS)) == Level(Kind.ITS)
