"""The client of a key manager against a real one: what it gets, and how it says what went wrong."""

import json
import socket
import ssl
import threading
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from hil_sim.kme.servers import KmeServers
from hil_sim.kme.tls import server_context
from qkdctl.clock import RealClock, VirtualClock
from qkdctl.keys.certificates import Authority, CredentialFiles
from qkdctl.keys.etsi014 import Etsi014Client
from qkdctl.keys.etsi014_errors import (
    ClientCertificateError,
    KeyManagerError,
    KeyManagerReplyError,
    KeyManagerSlowError,
    KeyManagerTlsError,
    KeyManagerUnreachableError,
    KeyNotFoundError,
    KeyRequestError,
    KeyUnauthorisedError,
    KeyUnavailableError,
    ServerCertificateError,
    TemporaryKeyManagerError,
)
from qkdctl.keys.etsi014_settings import Etsi014Settings
from tests.hil_sim.kme.bench import Bench, Credit, served

pytestmark = pytest.mark.asyncio

OLD = VirtualClock(wall_start_ms=1_500_000_000_000)
UUID, OTHER_UUID = b"00000000-0000-4000-8000-000000000001", b"00000000-0000-4000-8000-000000000002"
KEYS = b'{"keys":[{"key_ID":"%s","key":"AAAAAAAAAAA="},{"key_ID":"%s","key":"AAAAAAAAAAA="}]}'


def settings(servers: KmeServers, kme_id: str, sae_id: str, **changes) -> Etsi014Settings:
    files = servers.sae_files(sae_id)
    values = {
        "url": servers.endpoints[kme_id].address,
        "certificate": files.certificate,
        "key": files.key,
        "authority": servers.authority,
    }
    return Etsi014Settings(**(values | changes))


@asynccontextmanager
async def clients(
    bench: Bench, folder: Path, **changes
) -> AsyncIterator[tuple[Etsi014Client, Etsi014Client, KmeServers]]:
    async with (
        served(bench, folder) as servers,
        Etsi014Client(settings(servers, "kme-alice", "a1", **changes)) as a1,
        Etsi014Client(settings(servers, "kme-bob", "b1", **changes)) as b1,
    ):
        yield a1, b1, servers


async def failure(kind: type[KeyManagerError], client: Etsi014Client) -> KeyManagerError:
    """What a status request ends with; every error says where, and what to do."""
    with pytest.raises(kind) as caught:
        await client.status("b1")
    assert type(caught.value) is kind
    assert client._url in caught.value.error
    assert caught.value.hint
    return caught.value


async def test_both_ends_get_equal_keys_in_the_order_asked_for(tmp_path: Path) -> None:
    async with clients(Bench(), tmp_path) as (a1, b1, _):
        issued = await a1.new_keys("b1", number=3, size_bits=1024)
        assert {len(key.key) for key in issued} == {128}
        backwards = issued[::-1]
        assert await b1.keys_by_id("a1", [key.key_id for key in backwards]) == backwards


async def test_additional_slaves_get_the_same_key(tmp_path: Path) -> None:
    async with clients(Bench(), tmp_path) as (a1, b1, servers), Etsi014Client(settings(servers, "kme-bob", "b2")) as b2:
        (key,) = await a1.new_keys("b1", additional_slaves=["b2"])
        assert await b1.keys_by_id("a1", [key.key_id]) == await b2.keys_by_id("a1", [key.key_id]) == (key,)


async def test_status_tells_the_limits(tmp_path: Path) -> None:
    async with clients(Bench(), tmp_path) as (a1, _, _):
        status = await a1.status("b1")
    assert (status.source_kme, status.target_kme, status.master_sae, status.slave_sae) == (
        "kme-alice",
        "kme-bob",
        "a1",
        "b1",
    )
    assert (status.stored_key_count, status.key_size, status.max_key_per_request) == (100, 256, 8)


async def test_no_key_shows_in_a_log(tmp_path: Path) -> None:
    async with clients(Bench(), tmp_path) as (a1, _, _):
        (key,) = await a1.new_keys("b1")
    assert repr(key.key) not in repr(key)


async def test_a_key_that_was_delivered_before_is_not_found(tmp_path: Path) -> None:
    async with clients(Bench(), tmp_path) as (a1, b1, _):
        (key,) = await a1.new_keys("b1")
        await b1.keys_by_id("a1", [key.key_id])
        with pytest.raises(KeyNotFoundError, match="not found on KME"):
            await b1.keys_by_id("a1", [key.key_id])


async def test_a_request_beyond_the_limits_is_refused_for_good(tmp_path: Path) -> None:
    async with clients(Bench(), tmp_path) as (a1, _, _):
        with pytest.raises(KeyRequestError, match="number must be 1 to 8, got 9") as caught:
            await a1.new_keys("b1", number=9)
    assert not isinstance(caught.value, KeyNotFoundError | TemporaryKeyManagerError)


async def test_a_key_manager_without_key_recovers(tmp_path: Path) -> None:
    bench = Bench(credit=Credit(0))
    async with clients(bench, tmp_path) as (a1, _, servers):
        with pytest.raises(KeyUnavailableError, match="0 secret bits"):
            await a1.new_keys("b1")
        bench.credit.bits = 256
        servers.services["kme-alice"].disturbances["busy"]()
        assert isinstance(await failure(KeyUnavailableError, a1), TemporaryKeyManagerError)
        assert len(await a1.new_keys("b1")) == 1


async def test_the_wrong_common_name_is_unauthorised(tmp_path: Path) -> None:
    async with served(Bench(), tmp_path) as servers, Etsi014Client(settings(servers, "kme-alice", "b1")) as stranger:
        assert "'b1'" in str(await failure(KeyUnauthorisedError, stranger))


async def test_a_key_manager_of_another_authority_is_not_believed(tmp_path: Path) -> None:
    other = CredentialFiles.in_folder(tmp_path, "other")
    Authority.create("other", RealClock()).credentials.write(other)
    async with clients(Bench(), tmp_path / "kme", authority=other.certificate) as (a1, _, _):
        assert "self-signed certificate" in str(await failure(ServerCertificateError, a1))


async def test_a_key_manager_under_another_name_is_not_believed(tmp_path: Path) -> None:
    authority = prepared(tmp_path)
    authority.issue_server("kme-alice", ["elsewhere.example"]).write(kme_files(tmp_path))
    async with clients(Bench(), tmp_path) as (a1, _, _):
        assert "IP address mismatch" in str(await failure(ServerCertificateError, a1))


async def test_an_expired_certificate_of_the_key_manager_is_refused(tmp_path: Path) -> None:
    authority = prepared(tmp_path)
    Authority(authority.credentials, OLD).issue_server("kme-alice", ["127.0.0.1"]).write(kme_files(tmp_path))
    async with clients(Bench(), tmp_path) as (a1, _, _):
        assert "certificate has expired" in str(await failure(ServerCertificateError, a1))


async def test_an_expired_certificate_of_the_node_is_named_even_if_the_key_manager_only_hangs_up(
    tmp_path: Path,
) -> None:
    authority = prepared(tmp_path)
    Authority(authority.credentials, OLD).issue_client("a1").write(CredentialFiles.in_folder(tmp_path / "sae", "a1"))
    async with clients(Bench(), tmp_path) as (a1, _, _):
        assert "expired on 2019-10-17" in str(await failure(ClientCertificateError, a1))


async def test_a_certificate_of_another_authority_may_be_why_the_key_manager_hangs_up(tmp_path: Path) -> None:
    foreign = CredentialFiles.in_folder(tmp_path, "foreign")
    Authority.create("other", RealClock()).issue_client("a1").write(foreign)
    changes = {"certificate": foreign.certificate, "key": foreign.key}
    async with clients(Bench(), tmp_path / "kme", **changes) as (a1, _, _):
        assert "may refuse this node's certificate" in str(await failure(KeyManagerUnreachableError, a1))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_refused_certificate_is_named_where_the_key_manager_says_so(
    tmp_path: Path, version: ssl.TLSVersion
) -> None:
    foreign = CredentialFiles.in_folder(tmp_path, "foreign")
    Authority.create("other", RealClock()).issue_client("a1").write(foreign)
    authority = prepared(tmp_path)
    files = authority.issue_server("kme", ["127.0.0.1"]).write(kme_files(tmp_path))
    context = server_context(files.certificate, files.key, tmp_path / "ca.pem")
    context.maximum_version = version
    with listening(context) as port:
        own = Etsi014Settings(f"https://127.0.0.1:{port}", foreign.certificate, foreign.key, tmp_path / "ca.pem")
        async with Etsi014Client(own) as a1:
            assert "unknown ca" in str(await failure(ClientCertificateError, a1))


async def test_a_port_that_speaks_no_tls_is_named(tmp_path: Path) -> None:
    prepared(tmp_path)
    async with served(Bench(), tmp_path) as servers:
        with listening(None, b"SSH-2.0-OpenSSH_9.6\r\n") as port:
            async with Etsi014Client(settings(servers, "kme-alice", "a1", url=f"https://127.0.0.1:{port}")) as a1:
                assert "HTTPS port" in str(await failure(KeyManagerTlsError, a1))


async def test_a_tls_port_that_speaks_no_http_is_named(tmp_path: Path) -> None:
    async with served(Bench(), tmp_path) as servers:
        files = servers.kme_files("kme-alice")
        context = server_context(files.certificate, files.key, servers.authority)
        with listening(context, b"220 mail.example ESMTP\r\n\r\n") as port:
            async with Etsi014Client(settings(servers, "kme-alice", "a1", url=f"https://127.0.0.1:{port}")) as a1:
                assert "expected an HTTP reply" in str(await failure(KeyManagerReplyError, a1))


async def test_a_dead_key_manager_is_unreachable_and_welcome_back(tmp_path: Path) -> None:
    async with clients(Bench(), tmp_path) as (a1, _, servers):
        await a1.status("b1")
        await servers.endpoints["kme-alice"].unplug()
        assert "cannot connect" in str(await failure(KeyManagerUnreachableError, a1))
        await servers.endpoints["kme-alice"].replug()
        await a1.status("b1")


async def test_a_slow_key_manager_is_given_up(tmp_path: Path) -> None:
    async with clients(Bench(), tmp_path, timeout_s=0.2) as (a1, _, servers):
        servers.endpoints["kme-alice"].faults.drop()
        error = await failure(KeyManagerSlowError, a1)
        assert "within 0.2 s" in error.expected
        assert isinstance(error, TemporaryKeyManagerError)
        await a1.status("b1")


async def test_a_reply_that_dribbles_is_given_up_too(tmp_path: Path) -> None:
    async with clients(Bench(), tmp_path, timeout_s=0.2) as (a1, _, servers):
        servers.endpoints["kme-alice"].faults.split(gap_s=0.05)
        await failure(KeyManagerSlowError, a1)


@pytest.mark.parametrize(
    ("mishap", "error"),
    [
        ("internal-error", "status 500"),
        ("wrong-json", "source_KME_ID: Field required"),
        ("not-json", "Invalid JSON"),
        ("oversize", "too large"),
    ],
)
async def test_a_reply_that_the_standard_does_not_know_is_refused(tmp_path: Path, mishap: str, error: str) -> None:
    async with clients(Bench(), tmp_path) as (a1, _, servers):
        servers.services["kme-alice"].disturbances[mishap]()
        assert error in str(await failure(KeyManagerReplyError, a1))
        await a1.status("b1")


async def test_garbage_is_no_json(tmp_path: Path) -> None:
    async with clients(Bench(), tmp_path) as (a1, _, servers):
        servers.endpoints["kme-alice"].faults.garbage()
        await failure(KeyManagerReplyError, a1)


async def test_a_reply_cut_short_is_a_broken_connection(tmp_path: Path) -> None:
    async with clients(Bench(), tmp_path) as (a1, _, servers):
        servers.services["kme-alice"].disturbances["truncate"]()
        await failure(KeyManagerUnreachableError, a1)
        await a1.status("b1")


@pytest.mark.parametrize("container", [b'{"keys":[]}', KEYS % (UUID, UUID), KEYS % (UUID, OTHER_UUID)])
async def test_keys_that_were_not_asked_for_are_refused(tmp_path: Path, container: bytes) -> None:
    async with clients(Bench(), tmp_path) as (a1, b1, servers):
        for name in ("kme-alice", "kme-bob"):
            servers.services[name]._mishaps.append(lambda response: replace(response, status=200, body=container))
        with pytest.raises(KeyManagerReplyError):
            await a1.new_keys("b1")
        with pytest.raises(KeyManagerReplyError):
            await b1.keys_by_id("a1", [uuid.UUID(int=7)])


@pytest.mark.parametrize("key", ["!!!!", "AAA", "", 1234567])
async def test_a_key_must_be_base64_of_the_size_asked_for(tmp_path: Path, key: str | int) -> None:
    body = json.dumps({"keys": [{"key_ID": UUID.decode(), "key": key}]}).encode()
    async with clients(Bench(), tmp_path) as (a1, _, servers):
        servers.services["kme-alice"]._mishaps.append(lambda response: replace(response, body=body))
        with pytest.raises(KeyManagerReplyError) as caught:
            await a1.new_keys("b1", size_bits=64)
    assert repr(key) not in str(caught.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1", "127.0.0.1:8443", "", "https://", "https://[", "https://a:99999"])
async def test_keys_never_travel_in_the_clear(tmp_path: Path, url: str) -> None:
    with pytest.raises(ValueError, match="expected https"):
        Etsi014Settings(url, tmp_path, tmp_path, tmp_path)


async def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    authority = prepared(tmp_path)
    a1, b1 = (authority.issue_client(n).write(CredentialFiles.in_folder(tmp_path, n)) for n in ("a1", "b1"))
    ca, nowhere = tmp_path / "ca.pem", tmp_path / "nowhere.pem"
    for certificate, key, trusted, kind in (
        (a1.certificate, b1.key, ca, ClientCertificateError),
        (nowhere, a1.key, ca, ClientCertificateError),
        (a1.certificate, a1.key, nowhere, ServerCertificateError),
        (a1.certificate, a1.key, a1.key, ServerCertificateError),
    ):
        with pytest.raises(kind) as caught:
            Etsi014Client(Etsi014Settings("https://127.0.0.1", certificate, key, trusted))
        assert str(tmp_path) in caught.value.error


def prepared(folder: Path) -> Authority:
    """An authority that the key managers of this folder will find."""
    authority = Authority.create("simulated key managers", RealClock())
    authority.credentials.write(CredentialFiles.in_folder(folder, "ca"))
    return authority


def kme_files(folder: Path) -> CredentialFiles:
    return CredentialFiles.in_folder(folder / "kme", "kme-alice")


@contextmanager
def listening(context: ssl.SSLContext | None, reply: bytes = b"") -> Iterator[int]:
    """A port that greets one client, over TLS if there is a context; unlike asyncio it tells why a handshake failed."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_greet_one, args=(listener, context, reply))
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def _greet_one(listener: socket.socket, context: ssl.SSLContext | None, reply: bytes) -> None:
    connection, _ = listener.accept()
    connection.settimeout(5.0)
    if context is not None:
        connection = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
    try:
        if isinstance(connection, ssl.SSLSocket):
            connection.do_handshake()
        connection.recv(4096)
        connection.sendall(reply)
    except ssl.SSLError:
        # Closing before all was read would reset the connection, and the client would never see the alert.
        connection = socket.socket(fileno=connection.detach())
        connection.settimeout(5.0)
        with suppress(ConnectionResetError):
            while connection.recv(4096):
                pass
    finally:
        connection.close()
