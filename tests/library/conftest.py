"""Trials without a process for each."""

import pytest

from qkdctl.library import admission
from qkdctl.library.trial import try_out
from qkdctl.policy.failure import PolicyRejected


@pytest.fixture
def trials_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same checks without a process for each, which `test_corpus` has."""

    async def tried(data: bytes) -> None:
        code, text = try_out(data)
        if code:
            raise PolicyRejected(code, text)

    monkeypatch.setattr(admission, "try_apart", tried)
