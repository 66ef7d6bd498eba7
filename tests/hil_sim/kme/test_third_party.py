"""Software that knows nothing of this project: a client of the standard, and a fuzzer of the OpenAPI document."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest
import requests
import schemathesis
from etsi_qkd_014_client import QKD014Client
from etsi_qkd_014_client.data import DataError, DataKeyContainer, DataStatus
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from hil_sim.kme.servers import KmeServers
from tests.hil_sim.kme.bench import Bench, Credit, served

pytestmark = pytest.mark.asyncio

EXAMPLES = 8
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]


def foreign_client(servers: KmeServers, kme_id: str, sae_id: str) -> QKD014Client:
    files = servers.sae_files(sae_id)
    address = servers.endpoints[kme_id].address.removeprefix("https://")
    return QKD014Client(address, str(files.certificate), str(files.key), str(servers.authority))


async def test_etsi_qkd_014_client_fetches_keys_at_both_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    def work(servers: KmeServers) -> None:
        alice = foreign_client(servers, "kme-alice", "a1")
        bob = foreign_client(servers, "kme-bob", "b1")
        code, status = alice.get_status("b1")
        assert (code, type(status), status.stored_key_count) == (200, DataStatus, 100)
        code, issued = alice.get_key("b1", number=3, size=512, additional_slave_sae_ids=["b2"])
        assert (code, type(issued), len(issued.keys)) == (200, DataKeyContainer, 3)
        ids = [key.key_id for key in issued.keys]
        code, fetched = bob.get_key_with_key_IDs("a1", ids)
        assert (code, [key.key for key in fetched.keys]) == (200, [key.key for key in issued.keys])
        code, error = bob.get_key_with_key_IDs("a1", ids)
        assert (code, error.message) == (400, "one or more keys specified are not found on KME")
        code, one = alice.get_key("b1")
        assert (code, len(one.keys)) == (200, 1)
        code, error = foreign_client(servers, "kme-bob", "a1").get_status("b1")
        assert (code, type(error)) == (401, DataError)

    async with served(Bench(), tmp_path) as servers:
        await asyncio.to_thread(work, servers)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
async def test_no_request_that_schemathesis_thinks_of_upsets_the_key_manager(
    tmp_path: Path, mode: GenerationMode
) -> None:
    async with served(Bench(credit=Credit(bits=2**40)), tmp_path) as servers:
        await asyncio.to_thread(fuzz, servers, mode)


def fuzz(servers: KmeServers, mode: GenerationMode) -> None:
    """Well-formed requests name an application that there is, so that they get past it; malformed ones anything."""
    files = servers.sae_files("a1")
    address = servers.endpoints["kme-alice"].address
    authority = str(servers.authority)
    with requests.Session() as session:
        session.trust_env = False
        session.cert = str(files.certificate), str(files.key)
        document = session.get(f"{address}/openapi.json", timeout=10, verify=authority).json()
        operations = [found.ok() for found in schemathesis.openapi.from_dict(document).get_all_operations()]
        assert len(operations) == 5
        for operation in operations:
            if mode is GenerationMode.NEGATIVE and operation.path.endswith("/status"):
                continue  # its path is a text, and no text is malformed
            named = {parameter.name: "b1" for parameter in operation.path_parameters}
            options = {"path_parameters": named} if mode is GenerationMode.POSITIVE else {}
            bounded(
                lambda case: case.call_and_validate(address, session=session, verify=authority, checks=CHECKS),
                operation.as_strategy(mode, **options),
            )()


def bounded(check: Callable, strategy: hypothesis.strategies.SearchStrategy) -> Callable[[], None]:
    @hypothesis.settings(
        max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(hypothesis.HealthCheck)
    )
    @hypothesis.given(strategy)
    def run(case: schemathesis.Case) -> None:
        check(case)

    return run
