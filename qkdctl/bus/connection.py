"""The only file that knows the MQTT client library."""

import asyncio
import math
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import aiomqtt
import paho.mqtt.client as paho
from aiomqtt.exceptions import MqttConnectError
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from qkdctl.bus.base import Message, Origin
from qkdctl.bus.errors import LinkLostError, UnreachableError
from qkdctl.bus.settings import MqttSettings, TlsSettings

SCHEMA = "1"
_OVERHEAD_BYTES = 1024
#: Reason that the library gives when the other end is gone without one (MQTT 5, 2.4).
_UNSPECIFIED = 0x80


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message for the broker.

    Attributes:
        origin: numbers of a durable message, sent as user properties.
    """

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False
    expiry_s: float | None = None
    origin: Origin | None = None


class Connection(Protocol):
    """An open session with a broker; every method raises LinkLostError when it is over."""

    async def publish(self, message: Outgoing) -> None:
        """Send, and wait until the broker has it when the quality of service is above 0."""

    async def subscribe(self, topic_filter: str) -> None:
        """Ask for messages, quality of service 1."""

    async def subscribe_live(self, topic_filter: str) -> None:
        """Ask for what others publish from now on, quality of service 0; `retain` is then as they published it."""

    async def receive(self) -> Message:
        """The next message."""

    async def disconnect(self) -> None:
        """Say good-bye: the broker then drops the will."""


class _Client(aiomqtt.Client):
    """Remembers what the library passes over: that the broker acknowledged a message in order to refuse it."""

    refusal: str = ""

    def _on_publish(
        self, client: paho.Client, userdata: Any, mid: int, reason_code: ReasonCode, properties: Properties
    ) -> None:
        if reason_code.is_failure:
            self.refusal = str(reason_code)
        super()._on_publish(client, userdata, mid, reason_code, properties)


class MqttConnection:
    """A session through aiomqtt, MQTT 5."""

    def __init__(self, client: _Client, limit_s: float) -> None:
        self._client = client
        self._limit_s = limit_s

    async def publish(self, message: Outgoing) -> None:
        """See Connection; an acknowledgement has no deadline here, because the heartbeat notices a dead link."""
        properties = _properties(PacketTypes.PUBLISH)
        properties.UserProperty = list(_user_properties(message.origin).items())
        if message.expiry_s is not None:
            properties.MessageExpiryInterval = max(1, math.ceil(message.expiry_s))
        limit_s = math.inf if message.qos else self._limit_s
        cancels = _cancels()
        try:
            await self._client.publish(
                message.topic, message.payload, message.qos, message.retain, properties, timeout=limit_s
            )
        except (aiomqtt.MqttError, ValueError) as error:
            raise LinkLostError(f"publishing to {message.topic}: {_why(error)}") from error
        # Up to Python 3.11 `asyncio.wait_for` drops a cancellation that comes together with what it waits for.
        if _cancels() > cancels:
            raise asyncio.CancelledError
        if self._client.refusal:
            raise LinkLostError(f"the broker refuses messages: {self._client.refusal}")

    async def subscribe(self, topic_filter: str) -> None:
        """See Connection."""
        await self._subscribe(topic_filter, SubscribeOptions(qos=1))

    async def subscribe_live(self, topic_filter: str) -> None:
        """See Connection."""
        options = SubscribeOptions(
            noLocal=True, retainAsPublished=True, retainHandling=SubscribeOptions.RETAIN_DO_NOT_SEND
        )
        await self._subscribe(topic_filter, options)

    async def _subscribe(self, topic_filter: str, options: SubscribeOptions) -> None:
        try:
            codes = await self._client.subscribe(topic_filter, options=options)
        except aiomqtt.MqttError as error:
            raise LinkLostError(f"subscribing to {topic_filter}: {_why(error)}") from error
        refused = [str(code) for code in codes if not isinstance(code, int) and code.is_failure]
        if refused:
            raise LinkLostError(f"the broker refused the subscription to {topic_filter}: {refused[0]}")

    async def receive(self) -> Message:
        """See Connection."""
        messages = self._client.messages
        try:
            # The iterator starts a task for each message; in a flood they come faster than that and would pile up.
            message = self._client._queue.get_nowait() if len(messages) else await anext(messages)  # noqa: SLF001
        except aiomqtt.MqttError as error:
            raise LinkLostError(_why(error)) from error
        payload = message.payload if isinstance(message.payload, bytes) else b""
        return Message(str(message.topic), payload, message.retain, _origin(message.properties))

    async def disconnect(self) -> None:
        """See Connection."""
        try:
            await self._client.__aexit__(None, None, None)
        except aiomqtt.MqttError as error:
            raise LinkLostError(f"disconnecting: {_why(error)}") from error


@asynccontextmanager
async def connect(settings: MqttSettings, client_id: str, will: Outgoing | None) -> AsyncIterator[MqttConnection]:
    """Open a session; leaving without `disconnect` makes the broker publish the will, if there is one.

    Raises:
        UnreachableError: no connection, no agreement on TLS, or no readable password.
        LinkLostError: the broker refused, or did not answer.
    """
    try:
        client = _client(settings, client_id, will)
    except (OSError, ValueError) as error:
        raise UnreachableError(str(error)) from error
    try:
        await _enter(client)
        yield MqttConnection(client, settings.connect_timeout_s)
    finally:
        _close(client)


def _cancels() -> int:
    """How often the present task was asked to end."""
    task = asyncio.current_task()
    return 0 if task is None else task.cancelling()


def _client(settings: MqttSettings, client_id: str, will: Outgoing | None) -> _Client:
    password = settings.password_file.read_text("utf-8").strip() if settings.password_file else None
    properties = _properties(PacketTypes.CONNECT)
    properties.MaximumPacketSize = settings.max_payload_bytes + _OVERHEAD_BYTES
    client = _Client(
        settings.host,
        settings.port,
        identifier=client_id,
        username=settings.username,
        password=password,
        protocol=aiomqtt.ProtocolVersion.V5,
        clean_start=True,
        keepalive=settings.keepalive_s,
        timeout=settings.connect_timeout_s,
        tls_context=_tls_context(settings.tls),
        properties=properties,
        will=_will(will) if will else None,
        max_concurrent_outgoing_calls=settings.batch,
        socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
    )
    client.pending_calls_threshold = settings.batch
    client._client.connect_timeout = settings.connect_timeout_s  # noqa: SLF001 -- the only way to set it
    return client


def _will(message: Outgoing) -> aiomqtt.Will:
    properties = _properties(PacketTypes.WILLMESSAGE)
    properties.UserProperty = [("schema", SCHEMA)]
    return aiomqtt.Will(message.topic, message.payload, message.qos, message.retain, properties)


class _ClosingSocket(ssl.SSLSocket):
    """The client library forgets to close a socket whose handshake failed."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


def _tls_context(tls: TlsSettings | None) -> ssl.SSLContext | None:
    if tls is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.sslsocket_class = _ClosingSocket
    if tls.ca_file:
        context.load_verify_locations(tls.ca_file)
    else:
        context.load_default_certs()
    if tls.certificate_file:
        context.load_cert_chain(tls.certificate_file, tls.key_file)
    return context


async def _enter(client: aiomqtt.Client) -> None:
    # Connecting runs in a thread that cannot be interrupted: a cancelled attempt is waited for, lest its socket leak.
    attempt = asyncio.ensure_future(client.__aenter__())
    try:
        await asyncio.shield(attempt)
    except aiomqtt.MqttError as error:
        reached = client._client.socket() is not None or isinstance(error, MqttConnectError)  # noqa: SLF001
        kind = LinkLostError if reached else UnreachableError
        raise kind(f"connecting: {_why(error)}") from error
    except asyncio.CancelledError:
        await asyncio.wait([attempt])
        attempt.exception()
        raise


def _why(error: Exception) -> str:
    """The cause in words; the library has none for a connection that simply ended."""
    cause = error.__cause__ if isinstance(error.__cause__, Exception) else error
    code = getattr(cause, "rc", None)
    if code == _UNSPECIFIED:
        return "the connection broke"
    return str(cause)


def _close(client: aiomqtt.Client) -> None:
    """Close the socket at once; the library itself would wait for a peer that may be gone."""
    client._client._sock_close()  # noqa: SLF001 -- closes, and takes the socket out of the event loop
    if client._disconnected.done() and not client._disconnected.cancelled():  # noqa: SLF001
        client._disconnected.exception()  # noqa: SLF001 -- fetched, or asyncio complains that nobody did


def _properties(packet: int) -> Properties:
    return Properties(packet)  # type: ignore[no-untyped-call]


def _user_properties(origin: Origin | None) -> Mapping[str, str]:
    if origin is None:
        return {"schema": SCHEMA}
    return {
        "schema": SCHEMA,
        "stream": origin.stream,
        "sequence": str(origin.sequence),
        "previous": str(origin.previous),
    }


def _origin(properties: Properties | None) -> Origin | None:
    """Numbers of a message; None when it carries none, or none that make sense."""
    found = dict(getattr(properties, "UserProperty", []))
    try:
        origin = Origin(found["stream"], int(found["sequence"]), int(found["previous"]))
    except (KeyError, ValueError):
        return None
    return origin if 0 <= origin.previous < origin.sequence < 2**63 and len(origin.stream) <= 64 else None
