"""A process under a service manager: ready, watched, reloaded, frozen, stopped. Real sockets, signals and time."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.service.manager import Manager

WATCHDOG_S = 1.2
SERVICE = """
import asyncio, os, sys, time
from qkdctl.clock import RealClock
from qkdctl.exit_codes import OK
from qkdctl.service import Notifier, Watchdog, signals, watchdog_timeout_s

async def serve():
    clock = RealClock()
    notifier = Notifier.from_environment(os.environ, clock)
    stop = asyncio.Event()

    def reload():
        notifier.reloading()
        notifier.ready()

    async def freeze():
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
        time.sleep(1e6)

    watchdog = Watchdog(notifier, clock, list, watchdog_timeout_s(os.environ, os.getpid()))
    with signals(stop, reload):
        tasks = [asyncio.create_task(watchdog.run()), asyncio.create_task(freeze())]
        notifier.ready()
        await stop.wait()
        notifier.stopping()
        for task in tasks:
            task.cancel()
    os._exit(OK)

asyncio.run(serve())
"""


@pytest.fixture
def service(manager: Manager) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": str(int(WATCHDOG_S * 1e6))}
    with subprocess.Popen([sys.executable, "-c", SERVICE], env=environment, stdin=subprocess.PIPE) as process:
        manager.wait_for(lambda message: "READY" in message)
        yield process
        process.kill()


def is_ping(message: dict[str, str]) -> bool:
    return "WATCHDOG" in message


def hear_pings(manager: Manager, number: int) -> None:
    for _ in range(number):
        manager.wait_for(is_ping, timeout_s=WATCHDOG_S)


@pytest.mark.deadlines
def test_pings_while_it_works(manager: Manager, service: subprocess.Popen[bytes]) -> None:
    hear_pings(manager, 4)


def test_a_frozen_loop_stops_pinging(manager: Manager, service: subprocess.Popen[bytes]) -> None:
    manager.wait_for(is_ping)
    assert service.stdin is not None
    service.stdin.write(b"freeze\n")
    service.stdin.flush()
    with pytest.raises(AssertionError, match="did not say"):
        hear_pings(manager, 20)
    assert service.poll() is None


def test_reload_on_sighup(manager: Manager, service: subprocess.Popen[bytes]) -> None:
    service.send_signal(signal.SIGHUP)
    *_, reloading = manager.wait_for(lambda message: "RELOADING" in message)
    assert int(reloading["MONOTONIC_USEC"]) > 0
    manager.wait_for(lambda message: "READY" in message)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stops_as_asked(manager: Manager, service: subprocess.Popen[bytes], number: signal.Signals) -> None:
    service.send_signal(number)
    manager.wait_for(lambda message: "STOPPING" in message)
    assert service.wait(timeout=10) == 0
