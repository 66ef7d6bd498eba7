"""`qkdctl sim kme`."""

import json
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hil_sim.cli import sim

PATIENCE_S = 20.0
SCENARIO = """\
[links.short]
preset = "ingaas-25km"

[links.unused]
preset = "ingaas-25km"

[instruments.engine]
model = "qkd-engine"
link = "short"
role = "alice"
"""


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(sim, ["kme", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


@contextmanager
def serving(*options: str) -> Iterator[dict]:
    """The document of key managers in a process of their own."""
    program = [sys.executable, "-c", "from hil_sim.cli import sim; sim()", "kme", "--json", *options]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
            process.terminate()
            assert process.wait(PATIENCE_S) == 0
        finally:
            process.kill()


def get(document: dict, kme_id: str, path: str) -> dict:
    own = document["managers"][kme_id]
    context = ssl.create_default_context(cafile=document["authority"])
    context.load_cert_chain(own["certificate"], own["key"])
    handler = urllib.request.HTTPSHandler(context=context)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), handler)
    with opener.open(f"{own['url']}/api/v1/keys/{path}", timeout=PATIENCE_S) as answer:
        return json.load(answer)


def test_two_key_managers_serve_one_link_with_new_keys_each_time(tmp_path: Path) -> None:
    issued = []
    for _ in range(2):
        with serving("--dir", str(tmp_path), "--rate", "0", "--stock", "600") as document:
            assert get(document, "kme-alice", "sae-bob/status")["stored_key_count"] == 2
            container = get(document, "kme-alice", "sae-bob/enc_keys")
            assert get(document, "kme-bob", f"sae-alice/dec_keys?key_ID={container['keys'][0]['key_ID']}") == container
            assert get(document, "kme-bob", "sae-alice/status")["stored_key_count"] == 1
            issued += container["keys"]
    first, second = issued
    assert first["key"] != second["key"]


def test_what_is_printed_can_be_pasted_into_a_shell(tmp_path: Path) -> None:
    code, text, _ = run("--dir", tmp_path / "my keys", "--duration", "0.01")
    assert code == 0
    assert text.count(f"curl --cacert '{tmp_path}/my keys/ca.pem' --cert '{tmp_path}/my keys/sae/sae-") == 3


def test_the_engines_of_a_scenario_make_the_key(tmp_path: Path) -> None:
    scenario = tmp_path / "lab.toml"
    scenario.write_text(SCENARIO, encoding="utf-8")
    code, text, _ = run(scenario, "--dir", tmp_path, "--duration", "0.01", "--json")
    document = json.loads(text)
    assert (code, document["addresses"]["engine"][:17]) == (0, "http://127.0.0.1:")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["bench"], 2, "choose with --link: alice-bob, charlie-dave"),
        (["bench", "--link", "nowhere"], 2, "no engine of the scenario stands on a link 'nowhere'"),
        (["nothing"], 2, "there is no scenario 'nothing'"),
    ],
)
def test_a_choice_that_cannot_be_served_is_a_usage_error(
    tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    ended_with, _, said = run(*arguments, "--dir", tmp_path)
    assert ended_with == code
    assert message in said


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, _, message = run("--dir", tmp_path / "file" / "kme", "--duration", "0.01")
    assert code == 69
    assert str(tmp_path / "file") in message
