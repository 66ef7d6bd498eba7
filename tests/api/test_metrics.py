"""The exposition, compared as a whole: a name or a label that changes breaks somebody's dashboard."""

from pathlib import Path

import httpx
import pytest

from tests.api.memory import MemoryFacade

HERE = Path(__file__).parent
GUIDE = HERE.parents[1] / "docs" / "guides" / "api.md"


def of_the_node(text: str) -> str:
    """The lines that do not depend on the process that serves them."""
    return "".join(
        line for line in text.splitlines(keepends=True) if " process_" not in line and line[:8] != "process_"
    )


def names(text: str) -> set[str]:
    return {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}


@pytest.mark.asyncio
async def test_the_whole_exposition(http: httpx.AsyncClient, facade: MemoryFacade) -> None:
    await http.get("/v1/devices/voa-1")
    await http.get("/v1/devices/voa-2")
    await http.get("/nowhere/at/all")
    facade.document["alarms"][0]["cleared_ms"] = None
    facade.document["alarms"].append(facade.document["alarms"][0] | {"id": "x", "cleared_ms": 5})
    answer = await http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert of_the_node(answer.text) == (HERE / "metrics.txt").read_text()
    assert "process_resident_memory_bytes" in answer.text


def test_the_guide_lists_every_metric() -> None:
    listed = GUIDE.read_text()
    assert [name for name in names((HERE / "metrics.txt").read_text()) if f"`{name}" not in listed] == []
