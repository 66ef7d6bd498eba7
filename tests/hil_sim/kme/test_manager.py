"""Who gets which key: the rules of ETSI GS QKD 014 V1.1.1, and the readings where it is silent."""

import base64
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil_sim.kme.documents import KeyContainerDocument, KeyIdDocument, KeyIdsDocument, KeyRequestDocument
from hil_sim.kme.errors import BadRequestError, KmeError, UnauthorisedError, UnavailableError
from qkdctl.clock import VirtualClock
from tests.hil_sim.kme.bench import LIMITS, Bench, Credit

NOT_FOUND = "one or more keys specified are not found on KME"


def wanted(**members) -> KeyRequestDocument:
    return KeyRequestDocument(**members)


def ids_of(container: KeyContainerDocument) -> KeyIdsDocument:
    return KeyIdsDocument(key_IDs=[KeyIdDocument(key_ID=key.key_ID) for key in container.keys])


def refused(call: Callable[[], object], kind: type[KmeError]) -> str:
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


def test_the_slave_gets_the_keys_of_the_master_in_the_order_of_its_request() -> None:
    bench = Bench()
    issued = bench.alice.issue("a1", "b1", wanted(number=3, size=128))
    backwards = KeyContainerDocument(keys=issued.keys[::-1])
    assert bench.bob.deliver("b1", "a1", ids_of(backwards)) == backwards
    assert {len(base64.b64decode(key.key)) for key in issued.keys} == {16}
    assert len({key.key for key in issued.keys}) == 3


def test_either_node_may_be_the_master_and_both_draw_on_one_pool() -> None:
    bench = Bench(credit=Credit(512))
    of_bob = bench.bob.issue("b1", "a1", wanted())
    assert bench.alice.status("a1", "b1").stored_key_count == 1
    of_alice = bench.alice.issue("a1", "b1", wanted())
    assert of_alice.keys[0].key != of_bob.keys[0].key
    assert bench.alice.deliver("a1", "b1", ids_of(of_bob)) == of_bob


def test_without_size_a_key_has_the_default_size() -> None:
    (key,) = Bench().alice.issue("a1", "b1", wanted()).keys
    assert 8 * len(base64.b64decode(key.key)) == LIMITS.key_size


def test_a_key_is_delivered_once() -> None:
    bench = Bench()
    ids = ids_of(bench.alice.issue("a1", "b1", wanted()))
    bench.bob.deliver("b1", "a1", ids)
    assert refused(lambda: bench.bob.deliver("b1", "a1", ids), BadRequestError) == NOT_FOUND
    assert len(bench.network.issued) == 0


def test_additional_slaves_fetch_the_same_key_once_each() -> None:
    bench = Bench()
    issued = bench.alice.issue("a1", "b1", wanted(additional_slave_SAE_IDs=["b2", "a2"]))
    for manager, slave in ((bench.bob, "b2"), (bench.alice, "a2"), (bench.bob, "b1")):
        assert manager.deliver(slave, "a1", ids_of(issued)) == issued
        refused(lambda m=manager, s=slave: m.deliver(s, "a1", ids_of(issued)), BadRequestError)


def test_a_key_for_several_nodes_costs_key_of_each_of_them() -> None:
    bench = Bench(credit=Credit(256))
    carol = bench.network.add_manager("kme-carol", ["c1"])
    credit = Credit(0)
    pool = bench.join("kme-alice", "kme-carol", credit, route="relayed")
    both = wanted(additional_slave_SAE_IDs=["c1"])
    refused(lambda: bench.alice.issue("a1", "b1", both), UnavailableError)
    assert bench.pool.available_bits() == 256, "nothing was used up in vain"
    credit.bits = 256
    issued = bench.alice.issue("a1", "b1", both)
    assert (bench.pool.available_bits(), pool.available_bits()) == (0, 0)
    assert carol.deliver("c1", "a1", ids_of(issued)) == issued


def test_applications_of_one_node_share_key_without_a_link() -> None:
    bench = Bench(credit=Credit(0))
    issued = bench.alice.issue("a1", "a2", wanted(number=2))
    assert bench.alice.deliver("a2", "a1", ids_of(issued)) == issued
    status = bench.alice.status("a1", "a2")
    assert (status.target_KME_ID, status.stored_key_count) == ("kme-alice", LIMITS.max_key_count)


def test_delivery_is_all_or_nothing() -> None:
    bench = Bench()
    first, second = (bench.alice.issue("a1", "b1", wanted()) for _ in range(2))
    bench.bob.deliver("b1", "a1", ids_of(first))
    both = KeyContainerDocument(keys=[*second.keys, *first.keys])
    assert refused(lambda: bench.bob.deliver("b1", "a1", ids_of(both)), BadRequestError) == NOT_FOUND
    assert bench.bob.deliver("b1", "a1", ids_of(second)) == second


def test_the_same_id_twice_in_one_request_is_a_key_already_delivered() -> None:
    bench = Bench()
    issued = bench.alice.issue("a1", "b1", wanted())
    twice = KeyIdsDocument(key_IDs=ids_of(issued).key_IDs * 2)
    assert refused(lambda: bench.bob.deliver("b1", "a1", twice), BadRequestError) == NOT_FOUND


def test_only_those_named_may_fetch_a_key() -> None:
    bench = Bench()
    ids = ids_of(bench.alice.issue("a1", "b1", wanted()))
    assert "b2" in refused(lambda: bench.bob.deliver("b2", "a1", ids), UnauthorisedError)
    refused(lambda: bench.alice.deliver("a2", "a1", ids), UnauthorisedError)
    assert refused(lambda: bench.bob.deliver("b1", "a2", ids), BadRequestError) == NOT_FOUND, "of another master"
    bench.bob.deliver("b1", "a1", ids)


def test_who_is_at_home_elsewhere_is_not_served() -> None:
    bench = Bench()
    for caller in ("b1", "nobody", ""):
        refused(lambda caller=caller: bench.alice.status(caller, "b1"), UnauthorisedError)
        refused(lambda caller=caller: bench.alice.issue(caller, "b1", wanted()), UnauthorisedError)


@pytest.mark.parametrize("slave", ["", " ", "nobody", "a1", "kme-bob"])
def test_a_slave_must_be_another_application_of_the_network(slave: str) -> None:
    bench = Bench()
    refused(lambda: bench.alice.status("a1", slave), BadRequestError)
    refused(lambda: bench.alice.issue("a1", slave, wanted()), BadRequestError)
    refused(lambda: bench.alice.deliver("a1", slave, ids_of(bench.bob.issue("b1", "a1", wanted()))), BadRequestError)


@pytest.mark.parametrize(
    "members",
    [
        {"number": 0},
        {"number": -1},
        {"number": LIMITS.max_key_per_request + 1},
        {"size": 0},
        {"size": -8},
        {"size": LIMITS.min_key_size - 8},
        {"size": LIMITS.max_key_size + 8},
        {"additional_slave_SAE_IDs": [""]},
        {"additional_slave_SAE_IDs": ["nobody"]},
        {"additional_slave_SAE_IDs": ["a1"]},
        {"additional_slave_SAE_IDs": ["b1"]},
        {"additional_slave_SAE_IDs": ["b2", "b2"]},
        {"additional_slave_SAE_IDs": ["b2", "a2", "b3"]},
    ],
)
def test_what_is_beyond_the_announced_limits_or_names_nobody_else_is_refused(members: dict) -> None:
    bench = Bench()
    refused(lambda: bench.alice.issue("a1", "b1", wanted(**members)), BadRequestError)
    assert bench.pool.available_bits() == bench.credit.bits


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"size": 129}, "size shall be a multiple of 8"),
        ({"extension_mandatory": [{"abc_x": 1}]}, "not all extension_mandatory parameters are supported"),
        (
            {"extension_mandatory": [{"qkdctl_route_type": "by hand"}]},
            "not all extension_mandatory request options could be met",
        ),
    ],
)
def test_the_prescribed_messages(members: dict, message: str) -> None:
    bench = Bench()
    assert refused(lambda: bench.alice.issue("a1", "b1", wanted(**members)), BadRequestError) == message


def test_a_master_may_demand_key_that_no_relay_has_seen() -> None:
    bench = Bench()
    bench.network.add_manager("kme-carol", ["c1"])
    bench.join("kme-alice", "kme-carol", Credit(), route="relayed")
    direct = wanted(extension_mandatory=[{"qkdctl_route_type": "direct"}])
    bench.alice.issue("a1", "b1", direct)
    message = refused(lambda: bench.alice.issue("a1", "c1", direct), BadRequestError)
    assert message == "not all extension_mandatory request options could be met"
    bench.alice.issue("a1", "c1", wanted(extension_mandatory=[{"qkdctl_route_type": "any"}]))
    bench.alice.issue("a1", "c1", wanted(extension_optional=[{"qkdctl_route_type": "direct"}, {"abc_x": 1}]))


@pytest.mark.parametrize("key_id", ["", "x", "{00000000-0000-4000-8000-000000000000}", "0" * 32, "\ud800"])
def test_a_key_id_must_be_a_uuid(key_id: str) -> None:
    ids = KeyIdsDocument.model_construct(key_IDs=[KeyIdDocument.model_construct(key_ID=key_id)])
    assert "UUID" in refused(lambda: Bench().bob.deliver("b1", "a1", ids), BadRequestError)


def test_a_key_id_is_the_same_in_capitals() -> None:
    bench = Bench()
    issued = bench.alice.issue("a1", "b1", wanted())
    capitals = KeyIdsDocument(key_IDs=[KeyIdDocument(key_ID=issued.keys[0].key_ID.upper())])
    assert bench.bob.deliver("b1", "a1", capitals) == issued


def test_no_more_keys_than_announced_can_be_fetched_at_once() -> None:
    ids = KeyIdsDocument(key_IDs=[KeyIdDocument(key_ID=f"{n:08x}-0000-4000-8000-000000000000") for n in range(9)])
    assert "at most 8" in refused(lambda: Bench().bob.deliver("b1", "a1", ids), BadRequestError)


def test_an_empty_pool_is_unavailable_until_the_link_makes_more() -> None:
    bench = Bench(credit=Credit(255))
    assert bench.alice.status("a1", "b1").stored_key_count == 0
    assert "255 secret bits" in refused(lambda: bench.alice.issue("a1", "b1", wanted()), UnavailableError)
    bench.credit.bits += 1
    bench.alice.issue("a1", "b1", wanted())


def test_a_peer_that_does_not_answer_makes_key_unavailable_and_costs_none() -> None:
    bench = Bench()
    bench.bob.reachable = False
    assert "kme-bob does not answer" in refused(lambda: bench.alice.issue("a1", "b1", wanted()), UnavailableError)
    bench.bob.reachable = True
    bench.alice.issue("a1", "b1", wanted())
    assert bench.pool.available_bits() == bench.credit.bits - 256


def test_nodes_that_nothing_joins_have_no_key() -> None:
    bench = Bench()
    bench.network.add_manager("kme-carol", ["c1"])
    assert bench.alice.status("a1", "c1").stored_key_count == 0
    assert "neither a link nor a relay" in refused(lambda: bench.alice.issue("a1", "c1", wanted()), UnavailableError)


@pytest.mark.asyncio
async def test_a_key_that_nobody_fetches_expires() -> None:
    clock = VirtualClock()
    bench = Bench(clock=clock)
    early, late = (ids_of(bench.alice.issue("a1", "b1", wanted())) for _ in range(2))
    await clock.advance(LIMITS.undelivered_s)
    bench.bob.deliver("b1", "a1", early)
    await clock.advance(0.1)
    assert refused(lambda: bench.bob.deliver("b1", "a1", late), BadRequestError) == NOT_FOUND
    assert len(bench.network.issued) == 0


def test_the_oldest_keys_give_way_when_too_many_wait() -> None:
    bench = Bench(limits=LIMITS.model_copy(update={"max_key_count": 2}), credit=Credit(512))
    oldest, *_, newest = (_issue_with_fresh_credit(bench) for _ in range(3))
    assert refused(lambda: bench.bob.deliver("b1", "a1", oldest), BadRequestError) == NOT_FOUND
    bench.bob.deliver("b1", "a1", newest)


def _issue_with_fresh_credit(bench: Bench) -> KeyIdsDocument:
    bench.credit.bits += 256
    return ids_of(bench.alice.issue("a1", "b1", wanted()))


def test_status_tells_what_there_is_and_what_may_be_asked() -> None:
    bench = Bench(credit=Credit(256 * 3 + 255))
    assert bench.alice.status("a1", "b1").model_dump() == {
        "source_KME_ID": "kme-alice",
        "target_KME_ID": "kme-bob",
        "master_SAE_ID": "a1",
        "slave_SAE_ID": "b1",
        "key_size": 256,
        "stored_key_count": 3,
        "max_key_count": 1000,
        "max_key_per_request": 8,
        "max_key_size": 4096,
        "min_key_size": 64,
        "max_SAE_ID_count": 2,
    }


@pytest.mark.parametrize("names", [("kme-alice", ["x"]), ("kme-x", ["a1"]), ("kme-x", ["x", "x"]), ("kme-x", [" "])])
def test_names_are_unique_in_the_network(names: tuple[str, list[str]]) -> None:
    with pytest.raises(ValueError, match="must be unique"):
        Bench().network.add_manager(*names)


@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(1, 8), st.sampled_from([64, 256, 1000]), st.integers(0, 5000)),
        max_size=20,
    )
)
def test_no_key_is_given_out_twice_and_none_that_the_link_did_not_make(steps: list) -> None:
    bench = Bench(credit=Credit(0))
    spent, seen = 0, set()
    for by_alice, number, size, fresh in steps:
        bench.credit.bits += fresh
        manager, master, slave = (bench.alice, "a1", "b1") if by_alice else (bench.bob, "b1", "a1")
        enough = bench.credit.bits - spent >= number * size
        try:
            issued = manager.issue(master, slave, wanted(number=number, size=size))
        except UnavailableError:
            assert not enough
            continue
        assert enough
        spent += number * size
        keys = {key.key for key in issued.keys} | {key.key_ID for key in issued.keys}
        assert not keys & seen
        seen |= keys
    assert bench.pool.available_bits() == bench.credit.bits - spent
