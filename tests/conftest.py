"""What holds for every test: no task outlives it, nothing is skipped where that is forbidden, failures replay.

Environment variables: QKDCTL_NO_SKIP=1 (continuous integration) turns every skip into a failure and makes Hypothesis
choose the same examples each time. For the debug mode of asyncio call pytest with --asyncio-debug; callbacks that hold
the loop for more than 50 ms are then logged.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Generator

import hypothesis
import pytest
import pytest_asyncio
import structlog

pytest_plugins = ["pytester"]

NO_SKIP = os.environ.get("QKDCTL_NO_SKIP", "") not in ("", "0")
GRACE_S = 1.0
SLOW_CALLBACK_S = 0.05

hypothesis.settings.register_profile("explore", deadline=None)
hypothesis.settings.register_profile(
    "replay", deadline=None, derandomize=True, database=None, print_blob=True, max_examples=50
)
hypothesis.settings.load_profile("replay" if NO_SKIP else "explore")


def pytest_configure() -> None:
    """Log plainly: left alone, structlog draws tracebacks with all local variables, which takes seconds each.

    And hear Ctrl-C: a shell has what it starts in the background ignore it, and so would the programs under test.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["level", "event"]),
        ]
    )


@pytest.fixture(autouse=True)
def no_task_left_pending(request: pytest.FixtureRequest) -> None:
    """Watch the event loop of every asynchronous test; set up before its other fixtures, so torn down after them."""
    if request.node.get_closest_marker("asyncio") is not None:
        request.getfixturevalue("_watched_event_loop")


@pytest_asyncio.fixture
async def _watched_event_loop() -> AsyncIterator[None]:
    asyncio.get_running_loop().slow_callback_duration = SLOW_CALLBACK_S
    yield
    left = asyncio.all_tasks() - {asyncio.current_task()}
    if left:
        # A task whose peer has just closed may need one more turn of the loop; one that stays is a leak.
        _, left = await asyncio.wait(left, timeout=GRACE_S)
    if left:
        pytest.fail(f"the test left {len(left)} task(s) pending: {sorted(map(repr, left))}", pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the skip of a test into a failure where skipping is forbidden."""
    report = yield
    if not hasattr(report, "wasxfail"):
        _forbid_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn the skip of a whole module into a failure where skipping is forbidden."""
    report = yield
    _forbid_skip(report)
    return report


def _forbid_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if NO_SKIP and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped although QKDCTL_NO_SKIP is set: {report.longrepr}"
