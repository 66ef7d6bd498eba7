"""From configuration and description to the way to the peers: keys, tags, brokers."""

import random
from collections.abc import Mapping
from contextlib import AsyncExitStack

from qkdctl.auth.authenticator import Authenticator
from qkdctl.bus.pairwise import PairTransport
from qkdctl.bus.pairwise_hub import PairHub
from qkdctl.bus.pairwise_mqtt import MqttPairTransport
from qkdctl.bus.settings import MqttSettings, TlsSettings
from qkdctl.clock import Clock
from qkdctl.config.broker_section import BrokerSection
from qkdctl.config.model import Config
from qkdctl.config.network_section import NetworkSection
from qkdctl.config.secrets import secret_path
from qkdctl.keys.base import KeySource
from qkdctl.keys.etsi014 import Etsi014Client
from qkdctl.keys.etsi014_settings import Etsi014Settings
from qkdctl.keys.etsi014_source import Etsi014KeySource
from qkdctl.keys.pair_source import PairSource
from qkdctl.network.description import NetworkDescription
from qkdctl.network.load import load_description
from qkdctl.node.network_side import Connected, NetworkSide
from qkdctl.store.store import Store


def network_side(
    config: Config, environment: Mapping[str, str], stack: AsyncExitStack, hub: PairHub
) -> NetworkSide | None:
    """The network of a configuration; None for a node alone.

    Args:
        config: of the node.
        environment: names the credentials.
        stack: closes what is opened for the peers.
        hub: carries messages between nodes in this process.

    Raises:
        ConfigError: the description cannot be used.
    """
    section = config.network
    if section is None:
        return None
    description = load_description(section.file)
    me = config.node.name

    async def connect(store: Store, clock: Clock) -> Connected:
        source = await _source(section, description, me, environment, stack)
        ways = description.ways(me, section.hybrid)
        authenticator = await Authenticator.start(ways, source, store.pads, limits=section.limits)
        return Connected(authenticator, source, _transport(config, section, description, environment, clock, hub))

    terms = description.terms()
    return NetworkSide(description.name, description.chain(), lambda: terms, description.timing(), connect)


async def _source(
    section: NetworkSection,
    description: NetworkDescription,
    me: str,
    environment: Mapping[str, str],
    stack: AsyncExitStack,
) -> KeySource:
    peers = [name for name in description.members if name != me]
    if section.key_manager is None:
        return await stack.enter_async_context(PairSource(me, {peer: section.pair_file(peer) for peer in peers}))
    manager = section.key_manager
    settings = Etsi014Settings(
        manager.url,
        manager.certificate_file,
        secret_path(manager.key_file, environment),
        manager.ca_file,
        manager.timeout_s,
    )
    client = await stack.enter_async_context(Etsi014Client(settings))
    return Etsi014KeySource(client, {peer: description.file.members[peer].sae for peer in peers})


def _transport(
    config: Config,
    section: NetworkSection,
    description: NetworkDescription,
    environment: Mapping[str, str],
    clock: Clock,
    hub: PairHub,
) -> PairTransport:
    me = config.node.name
    peers = [name for name in description.members if name != me]
    if section.transport == "in-process":
        return hub.join(me, peers)
    brokers = {name: _broker(broker, section.topic_prefix, environment) for name, broker in section.brokers.items()}
    if not brokers and config.mqtt is not None:
        brokers = {"mqtt": _broker(config.mqtt, section.topic_prefix, environment)}
    jitter = random.Random()  # noqa: S311 - of pauses between connections
    return MqttPairTransport(brokers, description.name, me, peers, clock, jitter)


def _broker(section: BrokerSection, prefix: str, environment: Mapping[str, str]) -> MqttSettings:
    """Settings of one broker; the name of the client is made from that of the node and the broker."""
    tls = section.tls
    return MqttSettings(
        host=section.host,
        port=section.port,
        prefix=prefix,
        username=section.username,
        password_file=None if section.password_file is None else secret_path(section.password_file, environment),
        tls=None
        if tls is None
        else TlsSettings(
            tls.ca_file,
            tls.certificate_file,
            None if tls.key_file is None else secret_path(tls.key_file, environment),
        ),
    )
