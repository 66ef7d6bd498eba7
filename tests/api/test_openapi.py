"""The OpenAPI document is complete, and nothing that fits it, or does not, breaks the daemon."""

import http.client
import json
import shutil
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qkdctl.api import agreement_models, models, policy_models, route_models
from qkdctl.api.app import create_app
from qkdctl.api.hub import EventHub
from qkdctl.api.roles import RoleSettings
from qkdctl.api.settings import ApiSettings
from qkdctl.clock import RealClock
from tests.api.memory import MemoryFacade
from tests.api.serving import served

NAMES = ["voa-1", "snspd-1", "alice-bob", "attenuation_db", "shutter_open", "device-fault-snspd-1"]


def openapi() -> dict[str, Any]:
    facade = MemoryFacade()
    return create_app(facade, EventHub(facade, RealClock()), RealClock(), RoleSettings()).openapi()


DOCUMENT = openapi()
OPERATIONS = [
    (method.upper(), path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]


def test_every_operation_is_described() -> None:
    identities = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(set(identities)) == len(identities) >= 19
    for method, path, operation in OPERATIONS:
        assert operation["description"], path
        assert "200" in operation["responses"], path
        schema = operation["responses"]["403"]["content"]["application/json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/Problem"}, (method, path)


def test_every_json_reply_is_a_versioned_document() -> None:
    for _, path, operation in OPERATIONS:
        content = operation["responses"]["200"]["content"]
        if "application/json" in content:
            shape = resolved(content["application/json"]["schema"])
            assert shape["properties"]["schema_version"]["const"] == 1, path


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def fitting(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that the schema allows; only the words that the document uses."""
    schema = resolved(schema)
    if "const" in schema:
        return st.just(schema["const"])
    if choices := schema.get("anyOf", schema.get("oneOf")):
        return st.one_of(*map(fitting, choices))
    match schema["type"]:
        case "object":
            members = {name: fitting(inner) for name, inner in schema["properties"].items()}
            required = {name: members.pop(name) for name in schema.get("required", ())}
            return st.fixed_dictionaries(required, optional=members)
        case "array":
            return st.lists(fitting(schema["items"]), min_size=schema.get("minItems", 0), max_size=3)
        case "integer":
            return st.integers(schema.get("minimum"), schema.get("maximum"))
        case "number":
            return st.floats(allow_nan=False, allow_infinity=False)
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case "string":
            return st.sampled_from(NAMES) | st.text(max_size=schema.get("maxLength", 50))
    raise AssertionError(f"the document uses {schema}, which this test does not know")


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes | None
    operation: dict[str, Any]


@st.composite
def requests(draw: st.DrawFn) -> Request:
    method, path, operation = draw(st.sampled_from([item for item in OPERATIONS if item[1] != "/v1/events"]))
    target, query, headers = path, {}, {}
    for parameter in operation.get("parameters", ()):
        value = draw(fitting(parameter["schema"]) | st.text())
        if parameter["in"] == "path":
            target = target.replace(f"{{{parameter['name']}}}", quote(str(value), safe=""))
        elif parameter["in"] == "query" and draw(st.booleans()):
            query[parameter["name"]] = value
    body = None
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        body = draw(st.one_of(st.binary(), (JSON | fitting(schema)).map(json.dumps).map(str.encode)))
        headers["Content-Type"] = draw(st.sampled_from(["application/json", "text/plain", "application/json; x=1"]))
    if query:
        target += "?" + urlencode(query)
    if draw(st.integers(0, 9)) == 0:
        method = draw(st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]))
        operation = DOCUMENT["paths"][path].get(method.lower(), operation)
    return Request(method, target, headers, body, operation)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=10)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(str(self.path))


@pytest.fixture(scope="module")
def connection() -> Iterator[UnixConnection]:
    folder = Path(tempfile.mkdtemp(prefix="qkd-"))
    facade = MemoryFacade()
    with served(facade, ApiSettings(folder / "s")) as server:
        server.call(facade.release.set)
        connected = UnixConnection(folder / "s")
        yield connected
        connected.close()
    shutil.rmtree(folder)


@settings(max_examples=400)
@given(request=requests())
def test_no_request_breaks_the_daemon(connection: UnixConnection, request: Request) -> None:
    connection.request(request.method, request.target, request.body, request.headers)
    response = connection.getresponse()
    text = response.read()
    assert response.status < 500, text
    if request.method == "HEAD" or "json" not in response.getheader("content-type", ""):
        return
    if response.status >= 400:
        models.Problem.model_validate_json(text)
    elif not request.target.startswith("/v1/openapi.json"):
        schema = request.operation["responses"]["200"]["content"]["application/json"]["schema"]
        name = schema["$ref"].rpartition("/")[2]
        known = vars(agreement_models) | vars(policy_models) | vars(route_models) | vars(models)
        known[name].model_validate_json(text)
