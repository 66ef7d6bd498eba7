"""The key manager on the wire: TLS, paths, status codes, bodies."""

import asyncio
import contextlib
import json
import socket
import ssl
from pathlib import Path

import httpx
import pytest

from tests.hil_sim.kme.bench import Bench, application, served, tls

pytestmark = pytest.mark.asyncio

REQUESTS: list[tuple[str, str, bytes | None, int, str]] = [
    ("POST", "/b1/enc_keys", None, 200, ""),
    ("POST", "/b1/enc_keys", b"{}", 200, ""),
    ("POST", "/b1/enc_keys", b'{"number": 1, "unknown": true, "additional_slave_SAE_IDs": []}', 200, ""),
    ("GET", "/b1/enc_keys?unknown=1", b"ignored", 200, ""),
    ("GET", "/b1/status", b"ignored", 200, ""),
    ("POST", "/b1/enc_keys", b"{", 400, "JSON"),
    ("POST", "/b1/enc_keys", b"[]", 400, "body"),
    ("POST", "/b1/enc_keys", b'{"number": "1"}', 400, "number"),
    ("POST", "/b1/enc_keys", b'{"number": 1.5}', 400, "number"),
    ("POST", "/b1/enc_keys", b'{"number": true}', 400, "number"),
    ("POST", "/b1/enc_keys", b'{"number": 1' + b"0" * 5000 + b"}", 400, "body"),
    ("POST", "/b1/enc_keys", b'{"size": 12}', 400, "size shall be a multiple of 8"),
    ("POST", "/b1/enc_keys", b"[" * 100_000, 400, "body"),
    ("GET", "/b1/enc_keys?number=1.0", None, 400, "number"),
    ("GET", "/b1/enc_keys?number=", None, 400, "number"),
    ("GET", "/b1/enc_keys?size=0", None, 400, "size"),
    ("GET", "/b1/enc_keys?number=9", None, 400, "number must be 1 to 8"),
    ("POST", "/b1/dec_keys", None, 400, "body"),
    ("POST", "/b1/dec_keys", b'{"key_IDs": []}', 400, "key_IDs"),
    ("POST", "/b1/dec_keys", b'{"key_IDs": [{"key_ID": "\\ud800"}]}', 400, "key_ID"),
    ("POST", "/b1/dec_keys", b'{"key_IDs": [{"key_ID": 5}]}', 400, "key_ID"),
    ("GET", "/b1/dec_keys", None, 400, "key_ID"),
    ("GET", "/b1/dec_keys?key_ID=x", None, 400, "UUID"),
    ("GET", "//status", None, 400, "slave_SAE_ID ''"),
    ("GET", "/a%2Fb/status", None, 400, "slave_SAE_ID 'a/b'"),
    ("GET", "/%ff%00/status", None, 400, "slave_SAE_ID"),
    ("GET", "/%0A/status", None, 400, "slave_SAE_ID '\\n'"),
    ("GET", "/nobody/status", None, 400, "nobody"),
    ("GET", "/b1/keys", None, 404, "Not Found"),
    ("GET", "/status", None, 404, "Not Found"),
    ("POST", "/b1/status", b"{}", 405, "Method Not Allowed"),
    ("DELETE", "/b1/enc_keys", None, 405, "Method Not Allowed"),
]


async def test_master_and_slave_get_equal_keys_over_mutual_tls(tmp_path: Path) -> None:
    async with (
        served(Bench(), tmp_path) as servers,
        application(servers, "kme-alice", "a1") as a1,
        application(servers, "kme-bob", "b1") as b1,
    ):
        issued = await a1.get("/b1/enc_keys?number=2&size=128")
        assert issued.headers["content-type"] == "application/json"
        ids = {"key_IDs": [{"key_ID": key["key_ID"]} for key in issued.json()["keys"]]}
        assert (await b1.post("/a1/dec_keys", json=ids)).json() == issued.json()
        (one,) = (await a1.get("/b1/enc_keys")).json()["keys"]
        assert (await b1.get(f"/a1/dec_keys?key_ID={one['key_ID']}")).json() == {"keys": [one]}
        assert (await b1.get(f"/a1/dec_keys?key_ID={one['key_ID']}")).status_code == 400


async def test_every_request_is_answered_as_the_guide_says(tmp_path: Path) -> None:
    async with served(Bench(), tmp_path) as servers, application(servers, "kme-alice", "a1") as a1:
        for method, path, body, status, message in REQUESTS:
            answer = await a1.request(method, str(a1.base_url).rstrip("/") + path, content=body)
            context = f"{method} {path} {(body or b'')[:40]!r}: {answer.text}"
            assert answer.status_code == status, context
            assert message in answer.json().get("message", ""), context
            assert (answer.json().keys() == {"message"}) == (status != 200), context
            if status == 405:
                assert answer.headers["allow"] == ("GET" if path.endswith("status") else "GET, POST")


async def test_an_application_may_be_called_anything(tmp_path: Path) -> None:
    bench = Bench()
    bench.network.add_manager("kme-carol", ["urn:c/1 ü?#%"])
    async with served(bench, tmp_path) as servers, application(servers, "kme-carol", "urn:c/1 ü?#%") as carol:
        status = (await carol.get("/a1/status")).json()
        assert status["master_SAE_ID"] == "urn:c/1 ü?#%"
        async with application(servers, "kme-alice", "a1") as a1:
            status = (await a1.get("/urn%3Ac%2F1%20%C3%BC%3F%23%25/status")).json()
            assert status["slave_SAE_ID"] == "urn:c/1 ü?#%"


async def test_a_certificate_may_name_the_application_as_a_uri(tmp_path: Path) -> None:
    async with served(Bench(), tmp_path, identity="san-uri") as servers, application(servers, "kme-bob", "b1") as b1:
        assert (await b1.get("/a1/status")).json()["master_SAE_ID"] == "b1"


async def test_an_application_of_another_node_is_unauthorised(tmp_path: Path) -> None:
    async with served(Bench(), tmp_path) as servers, application(servers, "kme-alice", "b1") as b1:
        answer = await b1.get("/a1/status")
    assert (answer.status_code, "b1" in answer.json()["message"]) == (401, True)


async def test_a_manager_serves_nobody_as_an_application(tmp_path: Path) -> None:
    """A server certificate is good for no client."""
    async with served(Bench(), tmp_path) as servers:
        files = servers.kme_files("kme-bob")
        context = ssl.create_default_context(cafile=str(servers.authority))
        context.load_cert_chain(files.certificate, files.key)
        with pytest.raises(httpx.TransportError):
            await _get(servers.endpoints["kme-alice"].address, context)


async def test_without_a_certificate_there_is_no_connection(tmp_path: Path) -> None:
    async with served(Bench(), tmp_path) as servers:
        with pytest.raises(httpx.TransportError):
            await _get(
                servers.endpoints["kme-alice"].address, ssl.create_default_context(cafile=str(servers.authority))
            )


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_tls_1_2_and_1_3_are_served(tmp_path: Path, version: ssl.TLSVersion) -> None:
    async with served(Bench(), tmp_path) as servers:
        context = tls(servers, "a1")
        context.minimum_version = context.maximum_version = version
        assert (await _get(servers.endpoints["kme-alice"].address, context)).status_code == 200


async def test_a_client_whose_cable_is_pulled_in_the_middle_of_its_handshake_is_cut_off(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    async with served(Bench(), tmp_path) as servers:
        endpoint = servers.endpoints["kme-alice"]
        heard, said = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = tls(servers, "a1").wrap_bio(heard, said, server_hostname="127.0.0.1")
        with socket.create_connection(("127.0.0.1", int(endpoint.address.rpartition(":")[2]))) as wire:
            wire.setblocking(False)
            with pytest.raises(ssl.SSLWantReadError):
                client.do_handshake()
            await loop.sock_sendall(wire, said.read())
            heard.write(await loop.sock_recv(wire, 65_536))
            await endpoint.unplug()
            client.do_handshake()
            await loop.sock_sendall(wire, said.read())
            with contextlib.suppress(ConnectionResetError):
                while await loop.sock_recv(wire, 65_536):
                    pass  # tickets for another session


async def test_an_empty_pool_is_503_and_a_refilled_one_200(tmp_path: Path) -> None:
    bench = Bench()
    bench.credit.bits = 0
    async with served(bench, tmp_path) as servers, application(servers, "kme-alice", "a1") as a1:
        assert (await a1.get("/b1/enc_keys")).status_code == 503
        bench.credit.bits = 256
        assert (await a1.get("/b1/enc_keys")).status_code == 200


async def test_certificates_survive_a_restart_and_keys_are_private(tmp_path: Path) -> None:
    def contents() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in tmp_path.rglob("*.*")}

    async with served(Bench(), tmp_path):
        before = contents()
    async with served(Bench(), tmp_path):
        assert contents() == before
    assert {path.stat().st_mode & 0o777 for path in before if path.suffix == ".key"} == {0o600}


async def test_the_openapi_document_knows_the_three_methods_and_their_codes(tmp_path: Path) -> None:
    async with served(Bench(), tmp_path) as servers, application(servers, "kme-alice", "a1") as a1:
        document = (await a1.get(servers.endpoints["kme-alice"].address + "/openapi.json")).json()
    operations = {
        (path.rpartition("/")[2], verb): set(operation["responses"])
        for path, verbs in document["paths"].items()
        for verb, operation in verbs.items()
    }
    methods = [("status", "get"), ("enc_keys", "get"), ("enc_keys", "post"), ("dec_keys", "get"), ("dec_keys", "post")]
    assert operations == {method: {"200", "400", "401", "503"} for method in methods}
    assert "422" not in json.dumps(document)


async def _get(address: str, context: ssl.SSLContext) -> httpx.Response:
    async with httpx.AsyncClient(verify=context, trust_env=False) as client:
        return await client.get(f"{address}/api/v1/keys/b1/status")
