"""The demo's screen fits the smallest terminal, names liars that the network does not know, and says why."""

import io

import pytest
from rich.console import Console

from hil_sim.demo.lines import bits, closing_text
from hil_sim.demo.outcome import network_outcome, relays
from hil_sim.demo.panels import sparkline
from hil_sim.demo.story import Story
from hil_sim.demo.view import screen
from tests.hil_sim.demo_scene import NODES, agreement, casting, evidence, forged, scene


def shown(width: int, height: int) -> list[str]:
    return drawn(forged(), width, height)


def drawn(story: Story, width: int, height: int) -> list[str]:
    console = Console(width=width, height=height, file=io.StringIO(), force_terminal=False)
    console.print(screen(story, casting(quijote="forge"), width, height))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (104, 42), (160, 60)])
def test_a_screen_fits_its_terminal(width: int, height: int) -> None:
    lines = shown(width, height)
    assert len(lines) <= height
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    assert all(node in text for node in NODES)
    assert "…" not in "".join(lines[: 4 + len(NODES)]), "nothing of the nodes is cut off"


def test_a_small_screen_shows_every_link_route_and_reason() -> None:
    text = "\n".join(shown(80, 24))
    assert text.count("1.23%") == 12
    assert text.count("disp") == 3
    assert "quevedo > quijote > quinto" in text
    assert "5-10 quijote 262/262: contradicted by 3 nodes" in text
    assert "excluded" in text
    assert "decided alike by 8 of 8" in text
    assert "key 36.0 Mbit by fast-links (trained), 28.8 Mbit by holding: +25 %" in text


def test_a_large_screen_tells_what_was_done_last() -> None:
    story = forged()
    moved = {e: evidence(e) for e in range(1, 11)}
    moved[10]["links"][0]["row"] |= {"mean_photon_number_e6": 540_000}
    moved[9]["links"][1]["row"] |= {"realigns": 1, "sifted_bits": 0}
    story.add(scene(10, {}, evidence=moved), {})
    lines = drawn(story, 104, 42)
    assert any("concepcion-distrito brighter, 0.480 > 0.540 photons at QBER 1.23 %" in line for line in lines)
    assert any("concepcion-quinto re-aligned at QBER 1.23 %, now 1.23 %" in line for line in lines)
    assert "brighter" in next(line for line in lines if line.startswith("concepcion-distrito"))
    assert any("2 moves" in line for line in lines)


def test_two_decisions_of_one_epoch_are_cried_out() -> None:
    story = forged()
    assert story.scene is not None
    story.scene.agreements["norte"]["last"]["digest"] = "another"  # type: ignore[index]
    story.add(story.scene, {})
    assert story.forks == [10]


def test_the_document_says_how_long_a_liar_was_believed() -> None:
    document = network_outcome(forged(), {"quijote": "forge"})
    (liar,) = document["liars"]
    assert (liar["epoch"], liar["epochs_until_score_below_half"]) == (4, 4)
    assert document["nodes"]["quijote"]["excluded"]
    assert document["nodes"]["norte"]["lies"] is None
    assert document["links"]["quinto-quijote"]["disputed_epochs"] == 6
    assert document["key_bits_per_epoch"] == {"honest": 12 * 34_000, "with_liars": 12 * 17_000}
    assert document["decisions"]["forks"] == []
    assert document["decisions"]["latency_s"] == {"median": 0.25, "longest": 0.25}
    assert len(document["verdicts"]) == 6


def test_a_relay_is_counted_between_the_ends_only() -> None:
    routes = {"bank": [["a", "b", "c"]], "clinic": [["b", "d", "a"], ["b", "c", "a"]]}
    assert relays(routes, "b") == ["bank"]
    assert relays(routes, "c") == ["clinic"]


def test_the_closing_words_name_light_that_stayed() -> None:
    document = network_outcome(forged(), {"quijote": "forge"})
    link = {"dark": True, "dark_after_s": 0.2, "brightest_mean_photon_number": 0.5}
    policy = {"kind": "onnx", "identity": "0", "name": "fast-links", "origin": "trained"}
    text = closing_text({"policy": policy, **document, "stop": {"exit_codes": [0], "links": {"a-b": link}}})
    assert "fast-links (trained): key 36.0 Mbit, held links 28.8 Mbit, +25 %" in text
    assert "lost its vote's weight after 4 epochs" in text
    assert "every source dark after 0.200 s" in text
    lit = closing_text({"interrupted": "while starting", "stop": {"links": {"a-b": link | {"dark": False}}}})
    assert "NOT DARK: a-b" in lit


def test_an_epoch_before_anybody_lied_is_honest() -> None:
    story = forged()
    assert story.verdicts()[0]["epoch"] == 5
    assert scene(3, {}).epoch == 3
    assert evidence(3)["verdicts"] == []
    assert agreement(3)["last"]["epoch"] == 3


def test_sparklines_begin_at_nothing() -> None:
    assert sparkline([0, 50, 100, None]) == "▁▄█ "
    assert bits(1_500) == "1.5 kbit"
