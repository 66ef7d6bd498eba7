"""Whatever a file tries, it is refused with a reason, soon, and in little memory."""

import json
import re
import subprocess
import sys
import tracemalloc
from dataclasses import dataclass
from pathlib import Path

import pytest

from qkdctl.library.trial import try_out
from qkdctl.library.trying import try_apart
from qkdctl.policy.failure import PolicyRejected
from tests.library import hostile

RESIDENT_BYTES = 256 * 1024 * 1024
CPU_S = 2.0


@dataclass(frozen=True)
class Trial:
    status: int
    code: str
    cpu_s: float
    resident_bytes: int


# A process of its own, because memory that the parent of a process once had counts as used by that one, too.
LAUNCHER = """
import json, os, subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdin=sys.stdin, stdout=subprocess.PIPE)
said = child.stdout.read().decode()
_, status, used = os.wait4(child.pid, 0)
child.returncode = os.waitstatus_to_exitcode(status)
print(json.dumps([child.returncode, said, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024]))
"""


def trial(data: bytes, folder: Path) -> Trial:
    """The very process that a daemon starts, with what it used."""
    given = folder / "given.onnx"
    given.write_bytes(data)
    command = [sys.executable, "-I", "-S", "-c", LAUNCHER, sys.executable, "-I", "-m", "qkdctl.library.trial"]
    with given.open("rb") as stdin:
        launched = subprocess.run(command, stdin=stdin, check=True, capture_output=True, text=True)
    status, said, cpu_s, resident_bytes = json.loads(launched.stdout)
    return Trial(status, json.loads(said)["code"] if said else "", cpu_s, resident_bytes)


def test_each_hostile_file_is_refused_with_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = hostile.corpus(tmp_path)
    for folder in (tmp_path, Path("/")):  # the runtime looks for external data beside the working directory
        monkeypatch.chdir(folder)
        found = {name: try_out(data)[0] for name, (data, _) in corpus.items()}
        assert found == {name: code for name, (_, code) in corpus.items()}


def test_the_good_file_is_none_of_them() -> None:
    assert try_out(hostile.GOOD) == ("", "")


@pytest.mark.parametrize("name", hostile.bombs())
def test_a_bomb_harms_only_the_process_that_reads_it_and_that_little(name: str, tmp_path: Path) -> None:
    data, code = hostile.bombs()[name]
    found = trial(data, tmp_path)
    assert found.status == 0
    assert re.fullmatch(code, found.code)
    assert found.resident_bytes <= RESIDENT_BYTES
    assert found.cpu_s <= CPU_S


def test_a_whole_policy_of_the_largest_size_passes_within_the_limits(tmp_path: Path) -> None:
    found = trial(hostile.largest(), tmp_path)
    assert (found.status, found.code) == (0, "")
    assert found.resident_bytes <= RESIDENT_BYTES
    assert found.cpu_s <= CPU_S


@pytest.mark.parametrize("change", [hostile.long_name, hostile.many_axes])
def test_a_reason_is_short_however_much_a_file_has_to_say(change: hostile.Change) -> None:
    code, text = try_out(hostile.changed(change))
    assert code in ("external-data", "weight-type")
    assert len(text) < 500


@pytest.mark.asyncio
async def test_a_child_in_the_hands_of_a_file_cannot_fill_the_memory_of_the_daemon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken_over = tmp_path / "python"
    taken_over.write_text("#!/bin/sh\nexec head -c 300000000 /dev/zero\n")
    taken_over.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(taken_over))
    tracemalloc.start()
    with pytest.raises(PolicyRejected):
        await try_apart(hostile.GOOD, wall_s=0.5)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 10_000_000


@pytest.mark.asyncio
async def test_a_trial_that_does_not_end_is_ended() -> None:
    with pytest.raises(PolicyRejected, match="did not end") as rejection:
        await try_apart(hostile.GOOD, wall_s=0.001)
    assert rejection.value.code == "time"


@pytest.mark.asyncio
async def test_a_trial_says_what_was_wrong() -> None:
    await try_apart(hostile.GOOD)
    with pytest.raises(PolicyRejected, match="not finite") as rejection:
        await try_apart(hostile.changed(hostile.weight(float("nan"))))
    assert rejection.value.code == "not-finite"
