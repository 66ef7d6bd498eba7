"""The bench measures what it says; how fast anything is, is not tested here."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from qkdctl_drivers.keysight_n776x import KeysightN776x

from qkdctl.devices.attributes import Poll
from qkdctl.devices.session import Wire
from tests.bench.command_line import CommandLineResult
from tests.bench.contender import DAEMON, FASTCS, FRAPPY, PEERS_ENVIRONMENT, RAW, Contender, Entry, UnavailableError
from tests.bench.figures import Figures, cells, percentile
from tests.bench.plan import Plan
from tests.bench.plot import save_plot
from tests.bench.polling import PollingResult, Rounds
from tests.bench.queries import FAST, SLOW
from tests.bench.report import render
from tests.bench.results import Results
from tests.bench.simulator import Simulator, simulated_attenuators
from tests.bench.targets import OVERHEAD_P50_US

PLAN = Plan((1,), (1,), 1, 0.0, 0.05, 0.25, 0.25, 0.25, 1, demo=False)


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with simulated_attenuators(1, tmp_path_factory.mktemp("bench")) as running:
        yield running


class Recorder(KeysightN776x):
    """Takes note of what the driver asks."""

    def __init__(self, name: str, address: str) -> None:
        super().__init__(name, address)
        self.asked: list[str] = []

    async def ask(self, command: str, timeout_s: float | None = None, wire: Wire | None = None) -> str:
        self.asked.append(command)
        return await super().ask(command, timeout_s, wire)


@pytest.mark.asyncio
async def test_all_contenders_ask_what_the_daemon_asks(simulator: Simulator) -> None:
    (address,) = simulator.addresses
    device = Recorder("voa", "tcp://{}:{}".format(*address))
    await device.connect()
    asked: dict[Poll, dict[str, tuple[str, ...]]] = {Poll.FAST: {}, Poll.SLOW: {}, Poll.NEVER: {}}
    for attribute in device.attributes:
        device.asked.clear()
        await device.read(attribute.name)
        asked[attribute.poll][attribute.name] = tuple(device.asked)
    await device.close()
    assert asked[Poll.FAST] == FAST
    assert asked[Poll.SLOW] == SLOW


def test_the_floor_and_the_daemon_poll_and_are_reported(simulator: Simulator, tmp_path: Path) -> None:
    ghost = Entry("ghost", "Ghost", "nobody", peer="ghost-framework")
    polling = Rounds(PLAN, simulator, (RAW, DAEMON, ghost)).run()
    assert [(f.contender, f.paced) for f in polling.rounds] == [
        ("raw", False), ("qkdctl", False),
        ("raw", True), ("qkdctl", True), ("raw-together", True), ("qkdctl-together", True),
    ]  # fmt: skip
    assert all(f.polls > 0 and 0 < f.p50_us <= f.p99_us for f in polling.rounds)
    assert polling.deadlines is not None
    assert polling.deadlines.missed_share is not None
    assert polling.versions["qkdctl"]["versions"]["qkdctl"]

    results = made_up_results(polling)
    document = json.loads(json.dumps(results.to_plain()))
    assert {cell["contender"] for cell in document["polling"]} == {"raw", "qkdctl", "raw-together", "qkdctl-together"}
    text = render(results)
    assert "Ghost" in text.partition("## Not measured")[2]
    assert "ghost-framework" in text.partition("## Not measured")[2]
    save_plot(results, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("entry", [FASTCS, FRAPPY])
def test_a_peer_that_cannot_start_says_why(entry: Entry) -> None:
    broken = Entry(entry.name, entry.title, "nobody", peer=entry.peer)
    with pytest.raises(UnavailableError, match=rf"(?s){entry.title}.*{entry.peer}"):
        Contender.start(broken)
    assert PEERS_ENVIRONMENT.name in broken.command[0]


def test_overhead_is_taken_against_the_floor_of_the_same_round() -> None:
    rounds = [
        made_up("raw", 0, p50_us=100.0), made_up("qkdctl", 0, p50_us=150.0),
        made_up("raw", 1, p50_us=500.0), made_up("qkdctl", 1, p50_us=540.0),
        made_up("raw", 2, p50_us=100.0), made_up("qkdctl", 2, p50_us=90.0),
        made_up("qkdctl", 3, p50_us=9000.0),
    ]  # fmt: skip
    own = next(cell for cell in cells(rounds) if cell.contender == "qkdctl")
    assert (own.overhead_p50_us.median, own.overhead_p50_us.least, own.overhead_p50_us.most) == (40.0, -10.0, 50.0)


def test_a_broken_promise_is_shown() -> None:
    slow = PollingResult([made_up("raw", 0, p50_us=100.0), made_up("qkdctl", 0, p50_us=101.0 + OVERHEAD_P50_US)])
    slow.rounds += [made_up(f.contender, 0, p50_us=f.p50_us, paced=False) for f in tuple(slow.rounds)]
    promises = {verdict.promise: verdict.met for verdict in made_up_results(slow).verdicts}
    assert promises["overhead p50 of a poll at 10 Hz under 1 ms"] is False
    assert promises["qkdctl status within 120 ms"] is None
    assert " NO |" in render(made_up_results(slow))


def test_percentiles_are_values_that_occurred() -> None:
    values = list(range(1, 201))
    assert percentile(values, 0.5) == 100
    assert percentile(values, 0.99) == 198
    assert percentile([7], 0.99) == 7


def made_up(contender: str, number: int, *, p50_us: float, paced: bool = True) -> Figures:
    """Figures of one window."""
    return Figures(
        contender=contender,
        devices=1,
        paced=paced,
        round=number,
        polls=1000,
        polls_per_s=1e6 / p50_us,
        cycles_share=1.0 if paced else None,
        p50_us=p50_us,
        p99_us=2 * p50_us,
        cpu_us=50.0,
        simulator_cpu_share=0.5,
        missed_share=None,
        lateness_p50_us=None,
        lateness_p99_us=None,
    )


def made_up_results(polling: PollingResult) -> Results:
    """A run around some polling."""
    return Results(
        mode="quick",
        plan=PLAN,
        machine={"processor": "abacus", "cores": 1, "system": "none", "python": "3"},
        load={"before": [0.0, 0.0, 0.0], "after": [0.0, 0.0, 0.0]},
        date="2000-01-01T00:00+00:00",
        revision="0",
        duration_s=1.0,
        polling=polling,
        command_line=CommandLineResult(),
    )
