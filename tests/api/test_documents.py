"""What each path answers, and how it refuses."""

import httpx
import pytest
from structlog.testing import capture_logs

from qkdctl.api.errors import UnavailableError
from qkdctl.api.facade import Json
from tests.api.memory import MemoryFacade

pytestmark = pytest.mark.asyncio


async def test_status_has_the_whole_node_and_null_for_what_is_not_a_number(http: httpx.AsyncClient) -> None:
    status = (await http.get("/v1/status")).json()
    assert status["schema_version"] == 1
    assert status["policy"] == {"kind": "onnx", "name": "ramp", "digest": "ab" * 32, "ejected": False, "fallbacks": 2}
    detector = status["devices"][1]["values"]
    assert detector["count_rate_hz"]["limits"] == [0.0, None]
    assert detector["temperature_k"]["value"] is None
    assert status["devices"][0]["values"]["shutter_open"]["value"] is True


@pytest.mark.parametrize(
    ("path", "member", "count"),
    [
        ("/v1/devices", "devices", 2),
        ("/v1/links", "links", 1),
        ("/v1/links/alice-bob/history?limit=7", "epochs", 7),
        ("/v1/ledger", "entries", 4),
        ("/v1/ledger?after=1&limit=1", "entries", 1),
        ("/v1/configuration", "values", 1),
        ("/v1/alarms", "alarms", 1),
    ],
)
async def test_lists(http: httpx.AsyncClient, path: str, member: str, count: int) -> None:
    document = (await http.get(path)).json()
    assert document["schema_version"] == 1
    assert len(document[member]) == count


async def test_one_device_and_one_link(http: httpx.AsyncClient) -> None:
    device = (await http.get("/v1/devices/voa-1")).json()
    link = (await http.get("/v1/links/alice-bob")).json()
    assert (device["schema_version"], device["driver"]) == (1, "keysight-n776x")
    assert (link["schema_version"], link["interventions"][0]["code"]) == (1, "slew")


@pytest.mark.parametrize("action", ["hold", "safe", "calibrate", "realign"])
async def test_actions_reach_the_node_with_the_callers_name(
    http: httpx.AsyncClient, facade: MemoryFacade, action: str
) -> None:
    facade.release.set()
    answer = await http.post(f"/v1/links/alice-bob/{action}")
    assert answer.json()["subject"] == "alice-bob"
    ((done, link, who),) = facade.done
    assert (done, link) == (action, "alice-bob")
    assert who.startswith("uid ")


async def test_safe_reload_and_acknowledge(http: httpx.AsyncClient, facade: MemoryFacade) -> None:
    for path in ("/v1/safe", "/v1/reload", "/v1/alarms/device-fault-snspd-1/acknowledge"):
        assert (await http.post(path)).status_code == 200
    assert [act[0] for act in facade.done] == ["safe-all", "reload", "acknowledge"]


async def test_set_passes_the_type_on_and_can_run_dry(http: httpx.AsyncClient, facade: MemoryFacade) -> None:
    url = "/v1/devices/voa-1/attributes"
    dry = await http.put(f"{url}/attenuation_db", json={"value": 40, "dry_run": True})
    wet = await http.put(f"{url}/shutter_open", json={"value": False})
    assert (dry.json()["old"], dry.json()["new"], dry.json()["applied"]) == (31.5, 40, False)
    assert wet.json()["applied"] is True
    assert [act[3] for act in facade.done] == [40, False]
    assert [type(act[3]) for act in facade.done] == [int, bool]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "error", "hint"),
    [
        ("GET", "/v1/devices/voa-2", None, 404, "there is no device 'voa-2'", "did you mean 'voa-1'?"),
        ("GET", "/v1/links/alicebob", None, 404, "there is no link 'alicebob'", "did you mean 'alice-bob'?"),
        ("GET", "/v2/status", None, 404, "GET /v2/status: not found", "openapi"),
        ("DELETE", "/v1/status", None, 405, "DELETE /v1/status: method not allowed", "openapi"),
        ("POST", "/v1/links/alice-bob/resume", None, 409, "alice-bob already runs", ""),
        ("GET", "/v1/links/alice-bob/history?limit=0", None, 422, "query.limit", "openapi"),
        ("PUT", "/v1/devices/voa-1/attributes/attenuation_db", '{"value": 50}', 422, "refused", ""),
        ("PUT", "/v1/devices/voa-1/attributes/attenuation_db", '{"value": NaN}', 422, "body.value", "openapi"),
        ("PUT", "/v1/devices/voa-1/attributes/attenuation_db", '{"value": [1]}', 422, "body.value", "openapi"),
        ("PUT", "/v1/devices/voa-1/attributes/attenuation_db", '{"value": 1', 400, "no JSON", "openapi"),
        ("PUT", "/v1/devices/voa-1/attributes/colour", '{"value": 1}', 404, "no attribute 'colour'", ""),
        ("PUT", "/v1/devices/snspd-1/attributes/count_rate_hz", '{"value": 1}', 409, "only read", ""),
    ],
)
async def test_refusals_say_what_and_what_to_do(
    http: httpx.AsyncClient, method: str, path: str, body: str | None, status: int, error: str, hint: str
) -> None:
    answer = await http.request(method, path, content=body, headers={"content-type": "application/json"})
    problem: Json = answer.json()
    assert answer.status_code == status
    assert problem.keys() == {"error", "expected", "hint"}
    assert error in problem["error"]
    assert hint in problem["hint"]


async def test_a_body_must_be_json_small_and_of_known_length(http: httpx.AsyncClient, facade: MemoryFacade) -> None:
    path = "/v1/devices/voa-1/attributes/attenuation_db"

    async def chunks() -> object:
        yield b"{}"

    assert (await http.put(path, content=b'{"value": 1}')).status_code == 415
    assert (await http.put(path, content=b" " * 70_000)).status_code == 413
    assert (await http.put(path, content=chunks())).status_code == 411  # type: ignore[arg-type]
    assert facade.done == []


async def test_an_offline_instrument_is_no_fault_of_the_daemon(
    http: httpx.AsyncClient, facade: MemoryFacade, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def offline(*_: object) -> Json:
        raise UnavailableError("voa-1 is offline", hint="it is retried every 2 s")

    monkeypatch.setattr(facade, "hold", offline)
    answer = await http.post("/v1/links/alice-bob/hold")
    assert answer.status_code == 503
    assert answer.json() == {"error": "voa-1 is offline", "expected": "", "hint": "it is retried every 2 s"}


async def test_a_defect_is_reported_without_its_innards(
    http: httpx.AsyncClient, facade: MemoryFacade, monkeypatch: pytest.MonkeyPatch
) -> None:
    def defect() -> Json:
        raise RuntimeError("secret innards")

    monkeypatch.setattr(facade, "status", defect)
    with capture_logs() as logs:
        answer = await http.get("/v1/status")
    assert [entry["event"] for entry in logs] == ["a request failed"]
    assert answer.status_code == 500
    assert "RuntimeError" in answer.json()["error"]
    assert "innards" not in answer.text


async def test_health(http: httpx.AsyncClient, facade: MemoryFacade) -> None:
    assert (await http.get("/health/live")).json() == {"schema_version": 1, "alive": True, "complaints": []}
    assert (await http.get("/health/ready")).status_code == 200
    facade.document["complaints"] = ["the event loop is 3 s late"]
    facade.is_ready = False
    live, ready = await http.get("/health/live"), await http.get("/health/ready")
    assert (live.status_code, live.json()["complaints"]) == (503, ["the event loop is 3 s late"])
    assert (ready.status_code, ready.json()["ready"]) == (503, False)


async def test_administrators_may_send_large_bodies_as_policies_only(
    http: httpx.AsyncClient, facade: MemoryFacade
) -> None:
    body = {"name": "large", "data": "A" * 5_600_000}
    assert (await http.post("/v1/policies", json=body)).status_code == 200
    assert facade.done[-1][:2] == ("stage-policy", 5_600_000)
    assert (await http.post("/v1/policies", json=body | {"data": "A" * 6_400_000})).status_code == 413
    assert (await http.post("/v1/acts", json=body)).status_code == 413
