"""`qkdctl sim mqtt-proxy` and `mqtt-fault`: what they print, what they obey, how they end."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hil_sim.cli import sim
from hil_sim.faults.command import Order
from hil_sim.faults.mqtt_faults import MqttFault, MqttFaultKind
from hil_sim.faults.mqtt_proxy import MqttProxy
from hil_sim.faults.mqtt_serve import proxy_verbs
from qkdctl.clock import VirtualClock

PATIENCE_S = 20.0


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(sim, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


@contextmanager
def served(control: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A proxy in a process of its own, towards a port where nobody listens."""
    program = [sys.executable, "-c", "from hil_sim.cli import sim; sim()", "mqtt-proxy", "127.0.0.1:1"]
    with subprocess.Popen(
        [*program, "--control", str(control), *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_faults_are_ordered_shown_and_cleared_while_it_runs(tmp_path: Path) -> None:
    control = tmp_path / "control.sock"
    with served(control, "--json") as process:
        assert process.stdout is not None
        document = json.loads(process.stdout.readline())
        assert document["port"] > 0
        assert (document["broker"], document["control"]) == ("127.0.0.1:1", str(control))
        options = ("--topic", "a/+", "--topic", "b", "--client", "al*", "--direction", "up", "--share", 0.2)
        assert run("mqtt-fault", "drop", "--every-qos", *options, "--control", control)[0] == 0
        assert run("mqtt-fault", "delay", "--delay", 0.2, "--jitter", 0.1, "--control", control)[0] == 0
        code, shown, _ = run("mqtt-fault", "show", "--control", control)
        drop, delay = json.loads(shown)["faults"]
        assert code == 0
        assert (drop["kind"], drop["share"], drop["every_qos"]) == ("drop", 0.2, True)
        assert (drop["topics"], drop["clients"], drop["directions"]) == (["a/+", "b"], ["al*"], ["up"])
        assert (delay["kind"], delay["delay_s"], delay["jitter_s"], delay["seconds"]) == ("delay", 0.2, 0.1, None)
        code, _, message = run("mqtt-fault", "delay", "--control", control)
        assert (code, message) == (
            1,
            "error: fault 'delay': delay and reorder need a delay or jitter, others know none\n",
        )
        assert run("mqtt-fault", "clear", "--control", control)[0] == 0
        assert json.loads(run("mqtt-fault", "show", "--control", control)[1])["faults"] == []
        process.send_signal(signal.SIGINT)
        assert (*process.communicate(timeout=PATIENCE_S), process.returncode) == ("", "", 0)
    assert not control.exists()


def test_it_says_where_clients_connect_and_where_faults_are_ordered(tmp_path: Path) -> None:
    control = tmp_path / "control.sock"
    code, text, _ = run("mqtt-proxy", "[::1]:1883", "--duration", "0.01", "--control", control)
    assert code == 0
    assert " leads to ::1:1883\n" in text
    assert f"--control {control}" in text


@pytest.mark.parametrize("broker", ["localhost", ":1883", "localhost:0", "localhost:65536", "localhost:mqtt"])
def test_what_is_no_address_is_a_usage_error(broker: str, tmp_path: Path) -> None:
    code, _, message = run("mqtt-proxy", broker, "--control", tmp_path / "control.sock")
    assert code == 2
    assert "127.0.0.1:1883" in message


def test_without_a_proxy_an_order_says_how_to_start_one(tmp_path: Path) -> None:
    code, _, message = run("mqtt-fault", "cut", "--control", tmp_path / "none.sock")
    assert code == 69
    assert "qkdctl sim mqtt-proxy" in message
    code, _, message = run("mqtt-fault", "clear", "--share", "0.5", "--control", tmp_path / "none.sock")
    assert code == 2


def test_every_kind_of_fault_can_be_ordered() -> None:
    assert {kind.value for kind in MqttFaultKind} | {"clear", "show"} == {order.value for order in Order}


def test_requests_that_make_no_sense_are_errors_of_the_request() -> None:
    proxy = MqttProxy("127.0.0.1", 1, VirtualClock())
    verbs = proxy_verbs(proxy)

    async def ask(verb: str, **values: Any) -> Any:
        return await verbs[verb]({"verb": verb, **values})

    for values in ({"kind": "dance"}, {"kind": "drop", "loudness": 3}, {"kind": "drop", "topics": 3}):
        with pytest.raises((ValueError, TypeError)):
            asyncio.run(ask("fault", **values))
    asyncio.run(ask("fault", kind="drop", share=0.5))
    asyncio.run(ask("fault", kind="stall"))
    asyncio.run(ask("clear", kind="stall"))
    assert proxy.faults == [MqttFault(MqttFaultKind.DROP, 0.5)]
