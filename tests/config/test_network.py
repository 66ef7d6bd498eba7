"""A node in a network: its own configuration against what all nodes have agreed on."""

from pathlib import Path

import pytest

from qkdctl.config.change import changed_keys
from qkdctl.config.model import Config
from tests.config.files import errors_of, read, write
from tests.network.texts import RING_NODES, RING_TEXT, node_text

NORTH = RING_NODES["north"]
MARK = "#!"


def place(folder: Path, text: str = NORTH, description: str = RING_TEXT) -> Path:
    """A node's folder with keys for all others."""
    write(folder, description, "network.toml")
    for peer in ("east", "south", "west"):
        write(folder, "", f"keys/{peer}.pair").chmod(0o600)
    return write(folder, text)


def warnings_of(config: Config) -> list[tuple[str, str]]:
    return [(p.key, p.message) for p in config.provenance.warnings if p.key != "network.faults"]


def test_what_the_description_says_need_not_be_repeated(tmp_path: Path) -> None:
    config = read(place(tmp_path, description=RING_TEXT.replace("epoch_s = 5", "epoch_s = 4")))
    assert config.node.epoch_s == 4
    assert (config.links["n-e"].alice, config.links["n-e"].pulse_rate_hz) == ("north", 1e9)
    assert config.links["n-e"].ends_at("north") == ("alice",)
    assert config.links["e-s"].ends_at("north") == ()
    assert warnings_of(config) == []


def test_what_is_repeated_all_the_same_must_be_equal(tmp_path: Path) -> None:
    own = '[links.n-e]\nalice = "north"\nleast_loss_db = 8.0\npulse_rate_hz = 1_000_000_000.0'
    assert read(place(tmp_path, NORTH.replace("[links.n-e]", own))).links["n-e"].bob == "east"


def test_a_node_without_a_network_has_no_description(tmp_path: Path) -> None:
    assert read(write(tmp_path)).description is None


PLAIN_HTTP = """\
[network.key_manager]
url = "http://127.0.0.1:1" #!
certificate_file = "network.toml"
key_file = "network.toml"
ca_file = "network.toml"
"""
# fmt: off
SPOILT = [
    ("another epoch", 'name = "north"', 'name = "north"\nepoch_s = 2 #!', "node.epoch_s",
     "epoch_s is not what the nodes of the network have agreed on", "remove epoch_s here"),
    ("another shield", "[links.w-n]", "[shield]\nmaximum_step = 1.5 #!\n[links.w-n]", "shield.maximum_step",
     "maximum_step is not what", "remove maximum_step here"),
    ("another figure", "[links.n-e]", "[links.n-e]\nexpected_qber_ppm = 20_000 #!", "links.n-e.expected_qber_ppm",
     "expected_qber_ppm is not what", "remove expected_qber_ppm here"),
    ("another end", "[links.w-n]", '[links.w-n]\nalice = "south" #!', "links.w-n.alice", "alice is not what", ""),
    ("no member", 'name = "north"', 'name = "nord" #!', "node.name", "nord is no member of the network metro",
     "did you mean north?"),
    ("no such link", "[links.w-n]", "[links.x-n] #!\npulse_rate_hz = 1e9\n[links.w-n]", "links.x-n",
     "there is no link x-n in the network metro", ""),
    ("no broker", '[network.brokers.one]\nhost = "127.0.0.1"\n', "", "network.transport",
     "there is no broker to reach other nodes by", "add [network.brokers.NAME]"),
    ("no keys", 'file = "network.toml"\nkey_directory = "keys"', 'file = "network.toml"', "network.key_directory",
     "there are no keys to authenticate messages with", "add key_directory, or"),
    ("a key is missing", 'key_directory = "keys"', 'key_directory = "missing" #!', "network.key_directory",
     "there is no key shared with east", "carry the file there"),
    ("a broker elsewhere", '"127.0.0.1"', '"192.0.2.1" #!', "network.brokers.one.host",
     "everything would cross the network unencrypted", "add [network.brokers.one.tls]"),
    ("one broker twice", "[links.n-e]", "[network.brokers.two] #!\nport = 1883\n[links.n-e]", "network.brokers.two",
     "two and one are the same broker", "name it once"),
    ("plain HTTP", 'key_directory = "keys"\n',
     PLAIN_HTTP, "network.key_manager.url",
     "url has the wrong form", ""),
    ("a hybrid stranger", 'key_directory = "keys"', 'hybrid = ["eats"] #!\nkey_directory = "keys"',
     "network.hybrid[0]", "eats is no other member of the network", "did you mean east?"),
    ("a claim on key of a generator", 'key_directory = "keys"',
     'claim = "information-theoretic" #!\nkey_directory = "keys"', "network.claim", "key shared with east is hybrid",
     "claim computational security"),
    ("a false claim", 'key_directory = "keys"',
     'claim = "information-theoretic" #!\nkey_directory = "keys"\nkey_files_from_qkd = true',
     "network.claim", "the vertex connectivity of the key graph is 2, below 2f + 1 = 3",
     "claim computational security, or change the network"),
    ("a router that is not there", 'key_directory = "keys"', 'key_router = "router" #!\nkey_directory = "keys"',
     "network.key_router", "there is no device router", "add [devices.router]"),
    ("a router that is none", 'key_directory = "keys"', 'key_router = "sender" #!\nkey_directory = "keys"',
     "network.key_router", "sender is of kind qkd-engine; key_router needs one of kind key-router", ""),
    ("description misspelt", 'file = "network.toml"', 'file = "netwrok.toml" #!', "network.file", "does not exist", ""),
]
# fmt: on


@pytest.mark.parametrize(("_name", "old", "new", "key", "message", "hint"), SPOILT, ids=[case[0] for case in SPOILT])
def test_right_line_and_hint(_name: str, old: str, new: str, key: str, message: str, hint: str, tmp_path: Path) -> None:
    text = NORTH.replace(old, new, 1)
    assert text != NORTH
    problems = [problem for problem in errors_of(place(tmp_path, text)) if problem.key == key]
    assert problems, [problem.render() for problem in errors_of(place(tmp_path, text))]
    assert message in problems[0].message
    assert hint in problems[0].hint
    if MARK in new:
        lines = text.splitlines()
        assert lines[problems[0].origin.line - 1].endswith(MARK)


def test_one_mistake_is_one_error(tmp_path: Path) -> None:
    counts = {
        name: len(errors_of(place(tmp_path, NORTH.replace(old, new, 1))))
        for name, old, new, *_ in SPOILT
        if name not in {"no member", "no such link", "another end", "a key is missing", "a broker elsewhere"}
    }
    assert counts == dict.fromkeys(counts, 1)


def test_a_broken_description_is_reported_where_it_is_broken_and_nothing_else_is(tmp_path: Path) -> None:
    path = place(tmp_path, description=RING_TEXT.replace("faults = 1", "faults = 2"))
    (problem,) = errors_of(path)
    assert (problem.origin.source, problem.origin.line) == (str(tmp_path / "network.toml"), 3)


def test_keys_that_others_can_read_are_an_error(tmp_path: Path) -> None:
    path = place(tmp_path)
    (tmp_path / "keys/east.pair").chmod(0o640)
    (problem,) = errors_of(path)
    assert problem.hint.startswith(f"chmod 600 {tmp_path}/keys/east.pair; if somebody may have read it, make new")


def test_a_claim_holds_where_every_key_comes_from_a_link(tmp_path: Path) -> None:
    links = "".join(
        f'[links.{one}-{two}]\nalice = "{one}"\nbob = "{two}"\npulse_rate_hz = 1e9\n'
        for one, two in (("north", "south"), ("east", "west"))
    )
    ends = '[links.north-south]\nsource = "laser2"\nattenuator = "voa2"\nengine_alice = "sender2"\n'
    keys = 'key_directory = "keys"\nkey_files_from_qkd = true'
    claim = NORTH.replace('key_directory = "keys"', f'claim = "information-theoretic"\n{keys}')
    text = claim.replace("[links.", f"{ends}operating_current_a = 0.04\n[links.", 1)
    for name, driver, number in (("laser", "laser", 11), ("voa", "attenuator", 12), ("sender", "engine", 14)):
        scheme = "http" if driver == "engine" else "tcp"
        text += f'[devices.{name}2]\ndriver = "acme-{driver}"\naddress = "{scheme}://192.0.2.{number}:5025"\n'
    config = read(place(tmp_path, text, RING_TEXT + links))
    assert config.network is not None
    assert not config.network.limits.fallback, "HMAC when pads run out would make the claim false"
    assert read(place(tmp_path)).network.limits.fallback  # type: ignore[union-attr]
    hybrid = text.replace('claim = "', 'hybrid = ["east"]\nclaim = "')
    (problem,) = errors_of(place(tmp_path, hybrid, RING_TEXT + links))
    assert "key shared with east is hybrid" in problem.message


@pytest.mark.parametrize(
    ("policy", "own", "warned"),
    [
        ("rule-based", "", False),
        ("hold", "", True),
        ("hold", '[policy]\nkind = "hold"\n', False),
        ("0" * 64, "", True),
        ("0" * 64, f'[policy]\nfile = "network.toml"\nsha256 = "{"0" * 64}"\n', False),
        ("0" * 64, f'[policy]\nfile = "network.toml"\nsha256 = "{"1" * 64}"\n', True),
    ],
)
def test_another_policy_is_a_warning_because_an_act_may_have_activated_it(
    policy: str, own: str, warned: bool, tmp_path: Path
) -> None:
    description = RING_TEXT.replace("epoch_s = 5", f'epoch_s = 5\npolicy = "{policy}"')
    found = warnings_of(read(place(tmp_path, own + NORTH, description)))
    assert [message for _, message in found] == (
        ["the network begins with another policy; this one is not in force until an act activates it"] if warned else []
    )


def test_a_reload_is_told_of_another_description(tmp_path: Path) -> None:
    before = read(place(tmp_path))
    assert changed_keys(before, read(place(tmp_path, description=f"# a comment\n{RING_TEXT}"))) == ()
    after = read(place(tmp_path, description=RING_TEXT.replace("bits = 1024", "bits = 2048")))
    assert changed_keys(before, after) == ("network.file",)


def test_nodes_in_one_process_need_neither_broker_nor_files(tmp_path: Path) -> None:
    text = node_text("north", "n-e", "w-n", 'transport = "in-process"\n')
    text = text.replace('[network.brokers.one]\nhost = "127.0.0.1"\n', "")
    config = read(place(tmp_path, text))
    assert warnings_of(config) == []


def test_the_broker_that_publishes_serves_between_nodes_too(tmp_path: Path) -> None:
    text = NORTH.replace('[network.brokers.one]\nhost = "127.0.0.1"\n', "[mqtt]\n")
    config = read(place(tmp_path, text))
    assert config.mqtt is not None
    assert not config.network.brokers  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (PLAIN_HTTP.replace("http:", "https:").replace(" #!", ""), "is relayed and the vertex connectivity"),
        ('key_directory = "keys"\nkey_files_from_qkd = true\n', "key shared with south is relayed and"),
    ],
)
def test_a_claim_is_judged_by_founders_and_not_by_what_a_key_manager_says_nothing_of(
    keys: str, message: str, tmp_path: Path
) -> None:
    hub = "[members.hub]\njoins = true\n" + "".join(
        f'[links.hub-{node}]\nalice = "hub"\nbob = "{node}"\npulse_rate_hz = 1e9\n'
        for node in ("north", "east", "south", "west")
    )
    claim = 'claim = "information-theoretic"\n'
    own = NORTH.replace('key_directory = "keys"\n', claim + keys)
    (tmp_path / "keys").mkdir(exist_ok=True)
    (tmp_path / "keys/hub.pair").touch(0o600)
    problems = [p for p in errors_of(place(tmp_path, own, RING_TEXT + hub)) if p.key == "network.claim"]
    assert [message in problem.message for problem in problems] == [True]
    if "key_manager" in keys:
        assert "key shared with east is relayed" in problems[0].message, "although there is a link to east"
