"""From configuration and description to the way to the peers: keys, tags, brokers."""

import random
from collections.abc import Mapping
from contextlib import AsyncExitStack

from qkdctl.auth.authenticator import Authenticator
from qkdctl.bus.pairwise import PairTransport
from qkdctl.bus.pairwise_hub import PairHub
from qkdctl.bus.pairwise_mqtt import MqttPairTransport
from qkdctl.clock import Clock
from qkdctl.config.model import Config
from qkdctl.keys.base import KeySource
from qkdctl.keys.etsi014 import Etsi014Client
from qkdctl.keys.etsi014_source import Etsi014KeySource
from qkdctl.keys.pair_source import PairSource
from qkdctl.network.description import NetworkDescription
from qkdctl.network.key_manager import key_manager_settings
from qkdctl.node.brokers import pair_brokers
from qkdctl.node.network_side import Connected, NetworkSide
from qkdctl.store.store import Store


def network_side(
    config: Config, environment: Mapping[str, str], stack: AsyncExitStack, hub: PairHub
) -> NetworkSide | None:
    """The network of a configuration; None for a node alone.

    Args:
        config: of the node.
        environment: has $CREDENTIALS_DIRECTORY.
        stack: closes what is opened for the peers.
        hub: carries messages between nodes in this process.
    """
    section, description = config.network, config.description
    if section is None or description is None:
        return None
    me = config.node.name
    peers = tuple(name for name in description.members if name != me)

    async def connect(store: Store, clock: Clock) -> Connected:
        source = await _source(config, description, peers, environment, stack)
        ways = description.ways(me, section.hybrid_among(peers), managed=section.key_manager is not None)
        authenticator = await Authenticator.start(ways, source, store.pads, limits=section.limits)
        return Connected(authenticator, source, _transport(config, description, peers, environment, clock, hub))

    terms = description.terms()
    return NetworkSide(
        description.name, description.digest, peers, description.chain(), lambda: terms, description.timing(), connect
    )


async def _source(
    config: Config,
    description: NetworkDescription,
    peers: tuple[str, ...],
    environment: Mapping[str, str],
    stack: AsyncExitStack,
) -> KeySource:
    section = config.network
    assert section is not None, "a node alone needs no keys"
    if section.key_manager is None:
        files = {peer: section.pair_file(peer) for peer in peers}
        return await stack.enter_async_context(PairSource(config.node.name, files))
    client = Etsi014Client(key_manager_settings(section.key_manager, environment))
    await stack.enter_async_context(client)
    return Etsi014KeySource(client, {peer: description.file.members[peer].sae for peer in peers})


def _transport(
    config: Config,
    description: NetworkDescription,
    peers: tuple[str, ...],
    environment: Mapping[str, str],
    clock: Clock,
    hub: PairHub,
) -> PairTransport:
    assert config.network is not None, "a node alone reaches nobody"
    if config.network.transport == "in-process":
        return hub.join(config.node.name, peers)
    brokers = pair_brokers(config, environment)
    jitter = random.Random()  # noqa: S311 - of pauses between connections
    return MqttPairTransport(brokers, description.name, config.node.name, peers, clock, jitter)
