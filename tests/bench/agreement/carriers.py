"""What carries packets between the nodes: memory, or one Mosquitto on this machine."""

import asyncio
import random
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

from qkdctl.bus.pairwise import PairTransport
from qkdctl.bus.pairwise_hub import Fate, PairHub, unharmed
from qkdctl.bus.pairwise_mqtt import MqttPairTransport
from qkdctl.bus.settings import MqttSettings
from qkdctl.clock import RealClock
from tests.bench.agreement.setting import NETWORK, Setting
from tests.bench.contender import UnavailableError
from tests.bus.broker import MOSQUITTO, Broker

_VIA: Final = "local"
_PATIENCE_S: Final = 60.0


def over_hub(setting: Setting, fate: Fate = unharmed) -> dict[str, PairTransport]:
    """Memory; what is sent is there."""
    hub = PairHub(RealClock(), fate)
    return {me: hub.join(me, _others(setting, me)) for me in setting.names}


@asynccontextmanager
async def running_broker() -> AsyncIterator[Broker]:
    """A Mosquitto on a port of its own.

    Raises:
        UnavailableError: it is not installed.
    """
    if MOSQUITTO is None:
        raise UnavailableError("Mosquitto is not installed (Debian and Ubuntu: apt install mosquitto)")
    with tempfile.TemporaryDirectory(prefix="qkdctl-bench-") as name:
        broker = Broker(Path(name))
        await broker.start()
        try:
            yield broker
        finally:
            broker.kill()


def over_broker(setting: Setting, broker: Broker, network: str = NETWORK) -> dict[str, MqttPairTransport]:
    """A session with the broker for each node, all in this process; to be run before anything is sent."""
    return {
        me: MqttPairTransport(
            {_VIA: _session(broker, f"{network}-{me}")},
            network,
            me,
            _others(setting, me),
            RealClock(),
            random.Random(1),
        )
        for me in setting.names
    }


async def connected(carriers: dict[str, MqttPairTransport]) -> None:
    """Wait until all have their session."""
    for carrier in carriers.values():
        await asyncio.wait_for(carrier.paths[_VIA].wait_for_connection(), _PATIENCE_S)


class Cut:
    """The fate of messages to and from some nodes: lost, once it is told so."""

    def __init__(self, *nodes: str) -> None:
        self.is_down = False
        self._nodes = frozenset(nodes)

    def __call__(self, sender: str, to: str, data: bytes) -> tuple[float, ...]:
        """See Fate."""
        del data
        return () if self.is_down and not self._nodes.isdisjoint((sender, to)) else (0.0,)


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing of what the nodes log."""
    import structlog  # noqa: PLC0415 -- only here

    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    try:
        yield
    finally:
        structlog.configure(**before)


def _session(broker: Broker, client: str) -> MqttSettings:
    """Heartbeats far apart: many nodes share a processor, and none of them is lost because it waits for it."""
    rare_s = _PATIENCE_S / 2
    return MqttSettings(
        "127.0.0.1", broker.port, client_id=client, keepalive_s=60, heartbeat_s=rare_s, connect_timeout_s=_PATIENCE_S
    )


def _others(setting: Setting, me: str) -> list[str]:
    return [name for name in setting.names if name != me]
