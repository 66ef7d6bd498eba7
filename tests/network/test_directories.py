"""Folders for the nodes of a new network: complete, private, all or nothing."""

import hashlib
import itertools
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from qkdctl.auth.levels import Way
from qkdctl.clock import VirtualClock
from qkdctl.config.load import load
from qkdctl.config.problems import ConfigError
from qkdctl.keys.pair_file import PairFile
from qkdctl.keys.pair_source import AHEAD
from qkdctl.network import directories
from qkdctl.network.directories import ManagedKeys, PairKeys, network_directories
from qkdctl.network.inspection import inspect_network
from qkdctl.network.key_manager import key_manager_settings
from qkdctl.network.load import load_description, parse_description
from qkdctl.node.brokers import pair_brokers
from tests.config.drivers import Drivers
from tests.network.texts import NODES, RING_NODES, RING_TEXT, node_text

RING = parse_description(RING_TEXT)
MANAGED = ManagedKeys("https://kme-{node}.example:8443", VirtualClock())


def modes(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_mode & 0o777 for path in folder.rglob("*")}


def test_every_node_gets_the_same_description_byte_by_byte(tmp_path: Path) -> None:
    text = RING_TEXT.replace("\n", "\r\n", 3) + "# Vídeň\n"
    made = network_directories(parse_description(text), tmp_path / "metro", PairKeys(1))
    assert [entry.node for entry in made] == sorted(NODES)
    assert {(entry.path / "network.toml").read_bytes() for entry in made} == {text.encode()}
    digests = {load_description(entry.path / "network.toml").digest for entry in made}
    assert digests == {RING.digest}


def test_each_pair_shares_a_key_that_nobody_else_can_read(tmp_path: Path) -> None:
    made = {entry.node: entry.path for entry in network_directories(RING, tmp_path / "metro", PairKeys(2))}
    assert (tmp_path / "metro").stat().st_mode & 0o777 == 0o700
    for one, two in itertools.combinations(sorted(NODES), 2):
        here, there = made[one] / f"keys/{two}.pair", made[two] / f"keys/{one}.pair"
        assert here.stat().st_mode & 0o777 == there.stat().st_mode & 0o777 == 0o600
        sender, receiver = PairFile(here, one, two), PairFile(there, two, one)
        (block,) = sender.draw(0, 1)
        assert receiver.fetch([(block.number, block.ticket)]) == [block]
    contents = {hashlib.sha256(path.read_bytes()).digest() for path in (tmp_path / "metro").glob("*/keys/*")}
    assert len(contents) == 12, "no two pairs have the same key, and no two copies are equally used up"


def test_so_many_days_of_key_are_enough_for_as_many_decisions() -> None:
    assert PairKeys.for_days(1, 5.0).blocks * 8 >= 17_280 * directories.TAGS_PER_DECISION
    assert PairKeys.for_days(0.001, 60.0).blocks >= directories.STARTS * AHEAD, "a start skips so many"


def test_key_managers_get_certificates_that_name_the_members(tmp_path: Path) -> None:
    text = RING_TEXT.replace("[members.south]", '[members.south]\nsae = "sae-7"')
    network_directories(parse_description(text), tmp_path / "metro", MANAGED)
    authority = x509.load_pem_x509_certificate((tmp_path / "metro/authority/ca.pem").read_bytes())
    names = {}
    for node in NODES:
        certificate = x509.load_pem_x509_certificate((tmp_path / f"metro/{node}/keys/sae.pem").read_bytes())
        certificate.verify_directly_issued_by(authority)
        (name,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        names[node] = name.value
    assert names == {"north": "north", "east": "east", "south": "sae-7", "west": "west"}
    private = {path: mode for path, mode in modes(tmp_path / "metro").items() if path.endswith(".key")}
    assert private == dict.fromkeys(["authority/ca.key", *(f"{node}/keys/sae.key" for node in NODES)], 0o600)
    assert not list((tmp_path / "metro").glob("*/keys/*.pair"))


@pytest.mark.parametrize("keys", [PairKeys(1), MANAGED], ids=["files", "key managers"])
def test_a_skeleton_lacks_nothing_but_instruments_and_a_broker(keys: PairKeys | ManagedKeys, tmp_path: Path) -> None:
    made = network_directories(RING, tmp_path / "metro", keys)
    for entry in made:
        with pytest.raises(ConfigError) as caught:
            load(entry.configuration, {}, {}, Drivers())
        errors = {problem.key for problem in caught.value.problems if problem.severity == "error"}
        assert {key.rpartition(".")[2] for key in errors} == {
            "transport",
            "source",
            "attenuator",
            "engine_alice",
            "operating_current_a",
            "engine_bob",
            "can_realign",
        }


def test_completed_nodes_form_a_network(tmp_path: Path) -> None:
    network_directories(RING, tmp_path / "metro", PairKeys.for_days(0.05, 5.0), RING_NODES)
    found = inspect_network([tmp_path / "metro"], {}, Drivers())
    assert found.is_valid
    assert [problem.key for problem in found.problems] == ["network.faults"], "a warning that all share is given once"
    assert found.description is not None
    assert found.description.digest == RING.digest
    assert found.ways["north"] == dict.fromkeys(("east", "south", "west"), Way("hybrid")), "init draws the keys"
    assert found.ways.keys() == set(NODES)


def test_a_configured_node_knows_its_network(tmp_path: Path) -> None:
    """All that a node needs of it: figures of every link, paths of keys, brokers, terms."""
    made = network_directories(RING, tmp_path / "metro", PairKeys(1), RING_NODES)
    config = load(made[1].configuration, {}, {}, Drivers())
    assert config.network is not None
    assert config.description is not None
    assert config.description.chain() == RING.chain()
    assert set(config.links) == {"n-e", "e-s", "s-w", "w-n"}, "those of other nodes too"
    assert config.links["n-e"].least_loss_db == 8
    assert str(config.origin(("links", "n-e", "least_loss_db"))) == f"{made[1].path}/network.toml:16"
    assert config.network.pair_file("east") == made[1].path / "keys/east.pair"
    (broker,) = pair_brokers(config, {}).values()
    assert (broker.host, broker.port, broker.prefix) == ("127.0.0.1", 1883, "qkdctl")


def test_a_node_finds_its_key_manager(tmp_path: Path) -> None:
    manager = """\
[network.key_manager]
url = "https://127.0.0.1:8443"
certificate_file = "keys/sae.pem"
key_file = "keys/sae.key"
ca_file = "keys/ca.pem"
"""
    texts = {**RING_NODES, "north": node_text("north", "n-e", "w-n", manager)}
    made = network_directories(RING, tmp_path / "metro", MANAGED, texts)
    config = load(made[1].configuration, {}, {}, Drivers())
    assert config.network is not None
    assert config.network.key_manager is not None
    settings = key_manager_settings(config.network.key_manager, {})
    assert settings.key == made[1].path / "keys/sae.key"
    assert settings.authority.is_file()


@pytest.mark.parametrize("obstacle", ["file", "folder"])
def test_nothing_is_overwritten(obstacle: str, tmp_path: Path) -> None:
    target = tmp_path / "metro"
    if obstacle == "file":
        target.write_text("mine")
    else:
        target.mkdir()
        (target / "mine").touch()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(FileExistsError, match="nothing is overwritten"):
        network_directories(RING, target, PairKeys(1))
    assert sorted(tmp_path.rglob("*")) == before


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "metro").mkdir()
    network_directories(RING, tmp_path / "metro", PairKeys(1))
    assert (tmp_path / "metro/north/network.toml").is_file()


def test_a_failure_on_the_way_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = itertools.count()

    def full(*_: object) -> None:
        if next(calls) == 3:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(directories, "create_pair_files", full)
    with pytest.raises(OSError, match="No space left"):
        network_directories(RING, tmp_path / "metro", PairKeys(1))
    assert list(tmp_path.iterdir()) == []


def test_a_node_with_another_description_is_found(tmp_path: Path) -> None:
    network_directories(RING, tmp_path / "metro", PairKeys(1), RING_NODES)
    (tmp_path / "metro/west/network.toml").write_text(RING_TEXT.replace("1024", "1025"))
    found = inspect_network([tmp_path / "metro"], {}, Drivers())
    errors = [problem for problem in found.problems if problem.severity == "error"]
    assert [problem.message for problem in errors] == [
        f"the description of west differs from {tmp_path}/metro/east/network.toml in at least one value"
    ]


def test_two_folders_of_one_node_are_found(tmp_path: Path) -> None:
    texts = {**RING_NODES, "west": RING_NODES["south"]}
    network_directories(RING, tmp_path / "metro", PairKeys(1), texts)
    (tmp_path / "metro/west/keys/west.pair").write_bytes(b"")
    (tmp_path / "metro/west/keys/west.pair").chmod(0o600)
    messages = [p.message for p in inspect_network([tmp_path / "metro"], {}, Drivers()).problems]
    assert "another folder here is that of south, too" in messages
