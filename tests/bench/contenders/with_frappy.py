"""frappy: one module and one communicator, and so one thread, per instrument; no network interface is opened."""

import logging
import tempfile
import time
from pathlib import Path

from frappy.lib import generalConfig
from frappy.server import Server

from tests.bench.contenders.frappy_modules import Attenuator
from tests.bench.worker import Order, Sample, Window, serve

_MODULES = "tests.bench.contenders.frappy_modules"
# frappy allows no shorter poll interval in a configuration; without pause means its fast poll at interval 0.
_LEAST_INTERVAL_S = 0.1


def _configuration(order: Order) -> str:
    lines = ["Node('bench', 'simulated attenuators', 'tcp://0')"]
    for number, (host, port) in enumerate(order.addresses):
        interval_s = max(order.period_s, _LEAST_INTERVAL_S)
        module = f"'voa{number}', '{_MODULES}.Attenuator', 'attenuator', io='io{number}', pollinterval={interval_s}"
        lines += [f"Mod('io{number}', '{_MODULES}.AttenuatorIO', 'line', uri='tcp://{host}:{port}')", f"Mod({module})"]
    return "\n".join(lines) + "\n"


def _measure(order: Order) -> Sample:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "bench_cfg.py"
        path.write_text(_configuration(order), encoding="utf-8")
        generalConfig.testinit(piddir=Path(directory), logdir=Path(directory), confdir=[Path(directory)])
        server = Server("bench", logging.getLogger("frappy"), cfgfiles=[str(path)])
    # `run` would do this first and then open a port for clients, which has no part in polling.
    server._processCfg()
    try:
        modules = [module for module in server.secnode.modules.values() if isinstance(module, Attenuator)]
        if not order.period_s:
            for module in modules:
                module.setFastPoll(True, 0.0)
        deadline = time.monotonic() + 10.0
        while not all(module.watch.cycles for module in modules):
            assert time.monotonic() < deadline, "frappy polls nothing"
            time.sleep(0.01)
        time.sleep(order.settle_s)
        window = Window([module.watch for module in modules], order)
        time.sleep(order.seconds)
        return window.close()
    finally:
        server.secnode.shutdown_modules()


if __name__ == "__main__":
    serve(_measure, "frappy-core")
