"""The guards of conftest.py bite: each is shown a test suite that breaks its rule, and one that keeps it."""

from pathlib import Path

import pytest

GUARDS = Path(__file__).with_name("conftest.py").read_text()

LEAKING = """
    import asyncio, pytest, pytest_asyncio

    @pytest.mark.asyncio
    async def test_leaks():
        asyncio.get_running_loop().leaked = asyncio.create_task(asyncio.Event().wait(), name="forgotten-poller")
"""
LEAKING_FIXTURE = """
    import asyncio, pytest, pytest_asyncio

    @pytest_asyncio.fixture
    async def server():
        asyncio.get_running_loop().leaked = asyncio.create_task(asyncio.Event().wait(), name="forgotten-server")
        yield

    @pytest.mark.asyncio
    async def test_uses(server):
        pass
"""
TIDY = """
    import asyncio, pytest

    @pytest.mark.asyncio
    async def test_waits_for_its_task():
        await asyncio.create_task(asyncio.sleep(0))

    @pytest.mark.asyncio
    async def test_leaves_a_task_that_is_about_to_end():
        asyncio.get_running_loop().last_words = asyncio.create_task(asyncio.sleep(0))
"""
SKIPPING = """
    import pytest

    @pytest.mark.skipif(True, reason="no instrument here")
    def test_marked(): pass

    def test_decides_late():
        pytest.skip("no broker here")

    @pytest.mark.xfail(strict=True)
    def test_expected_to_fail():
        assert False
"""
SKIPPED_MODULE = "import pytest; pytest.importorskip('module_that_nobody_has')"


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.delenv("QKDCTL_NO_SKIP", raising=False)
    pytester.makeini("[pytest]\nasyncio_mode = strict\nasyncio_default_fixture_loop_scope = function")
    pytester.makeconftest(GUARDS.replace("GRACE_S = 1.0", "GRACE_S = 0.05"))
    return pytester


@pytest.mark.parametrize(("source", "name"), [(LEAKING, "forgotten-poller"), (LEAKING_FIXTURE, "forgotten-server")])
def test_a_task_left_pending_fails_the_test(suite: pytest.Pytester, source: str, name: str) -> None:
    suite.makepyfile(source)
    result = suite.runpytest_subprocess()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines([f"*left 1 task(s) pending*{name}*"])


def test_finished_tasks_are_no_leak(suite: pytest.Pytester) -> None:
    suite.makepyfile(TIDY)
    suite.runpytest_subprocess().assert_outcomes(passed=2)


def test_a_skip_is_a_skip_on_a_desk(suite: pytest.Pytester) -> None:
    suite.makepyfile(SKIPPING)
    suite.runpytest_subprocess().assert_outcomes(skipped=2, xfailed=1)


def test_a_skip_is_a_failure_in_continuous_integration(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QKDCTL_NO_SKIP", "1")
    suite.makepyfile(SKIPPING)
    result = suite.runpytest_subprocess()
    result.assert_outcomes(failed=1, errors=1, xfailed=1)
    result.stdout.fnmatch_lines(["*QKDCTL_NO_SKIP*no broker here*"])


def test_a_skipped_module_is_a_failure_in_continuous_integration(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QKDCTL_NO_SKIP", "1")
    suite.makepyfile(SKIPPED_MODULE)
    suite.runpytest_subprocess().assert_outcomes(errors=1)
