import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from qkdctl.api.server import ApiServer
from qkdctl.api.settings import ApiSettings
from qkdctl.clock import RealClock
from tests.api.memory import MemoryFacade


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name: the path of a unix socket has at most 107 bytes."""
    path = Path(tempfile.mkdtemp(prefix="qkd-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def facade() -> MemoryFacade:
    return MemoryFacade()


@pytest_asyncio.fixture
async def server(facade: MemoryFacade, folder: Path) -> AsyncIterator[ApiServer]:
    serving = ApiServer(facade, ApiSettings(folder / "s"), RealClock())
    await serving.start()
    yield serving
    await serving.stop()


@pytest_asyncio.fixture
async def http(server: ApiServer, folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.AsyncHTTPTransport(uds=str(folder / "s"))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client
