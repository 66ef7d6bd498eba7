"""qkdctl physics curves: the numbers, the files, and what is on the pictures."""

import json
import subprocess
import sys
from contextlib import redirect_stdout
from functools import cache
from io import StringIO
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from qkdctl import exit_codes
from qkdctl.cli.main import main
from qkdctl.cli.physics.arguments import setup_of
from qkdctl.cli.physics.catalogue import PROTOCOLS
from qkdctl.cli.physics.options import Figure
from qkdctl.physics import protocols
from qkdctl.physics.hardware import PRESETS
from qkdctl.physics_view import numbers as calculation
from qkdctl.physics_view.drawing import draw
from qkdctl.physics_view.drawing_style import LINES, SEQUENCE, SEQUENCE_DASHES
from qkdctl.physics_view.numbers import FIGURES, Request, calculate
from tests.cli.conftest import Cli, environment


def numbers(*words: str):
    shown = StringIO()
    with redirect_stdout(shown):
        assert main(["physics", "curves", "--json", *words]) == 0
    return json.loads(shown.getvalue(), parse_constant=pytest.fail)


@pytest.fixture(scope="module", autouse=True)
def _each_hardware_is_calculated_once():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calculation, "loss_curves", cache(calculation.loss_curves))
        yield


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    return numbers("--out", str(tmp_path_factory.mktemp("curves") / "new" / "figures"))


@pytest.fixture(scope="module")
def nanowires(everything):
    return everything["against_loss"]


@pytest.fixture(scope="module")
def finite(everything):
    return everything["finite_key"]


def crossing(against_loss, winner: str, loser: str) -> float:
    (found,) = [c for c in against_loss["crossovers"] if (c["winner"], c["loser"]) == (winner, loser)]
    return found["loss_db"]


def test_reaches_are_the_printed_ones(nanowires):
    reach = {name: curve["reach_db"] for name, curve in nanowires["protocols"].items()}
    assert list(reach) == list(PROTOCOLS)
    assert (reach["bb84"], reach["tf"]) == (pytest.approx(54.2, abs=0.05), pytest.approx(77.0, abs=0.05))


def test_crossovers_are_where_they_are_printed(nanowires):
    assert crossing(nanowires, "tf", "bb84") == pytest.approx(21.75, abs=0.06)
    assert 53.2 < crossing(nanowires, "mdi", "bb84") < 55
    assert 53.2 < crossing(nanowires, "bbm92", "bb84") < 55
    assert crossing(nanowires, "tf", "bb84") < crossing(nanowires, "tf", "plob") < crossing(nanowires, "plob", "tf")


@pytest.mark.parametrize(
    ("detector", "crossover", "bb84", "tf"), [("snspd-b", 19.9, 74.0, 117.7), ("ingaas", 21.98, 38.6, 46.8)]
)
def test_other_hardware(detector, crossover, bb84, tf):
    found = numbers("--detector", detector, "--figure", "qber")["against_loss"]
    assert crossing(found, "tf", "bb84") == pytest.approx(crossover, abs=0.05)
    assert found["protocols"]["bb84"]["reach_db"] == pytest.approx(bb84, abs=0.05)
    assert found["protocols"]["tf"]["reach_db"] == pytest.approx(tf, abs=0.05)


def test_both_sides_of_a_crossover_give_the_same(nanowires):
    crossovers = [found for found in nanowires["crossovers"] if found["rate_per_pulse"] > 1e-8]
    assert len(crossovers) >= 8
    for found in crossovers:
        rates = [
            protocols.rate_at_loss(name, PRESETS["snspd-a"], found["loss_db"]).rate
            for name in (found["winner"], found["loser"])
            if name != "plob"
        ]
        assert rates == pytest.approx([found["rate_per_pulse"]] * len(rates), rel=0.001)


def test_phase_references_move_the_crossover(nanowires):
    moved = numbers("--figure", "rates", "--phase-reference-duty", "0.6")["against_loss"]
    assert crossing(moved, "tf", "bb84") - crossing(nanowires, "tf", "bb84") == pytest.approx(4.4, abs=0.55)


def test_rates_stay_below_their_bounds_and_end_at_the_reach(nanowires):
    loss = np.array(nanowires["loss_db"])
    bound = np.array(nanowires["single_repeater"][1:])
    for curve in nanowires["protocols"].values():
        rate = np.array(curve["rate_per_pulse"])
        assert np.all(rate[1:] < bound)
        assert np.all(rate[loss < curve["reach_db"]] > 0)
        assert np.all(rate[loss > curve["reach_db"] + 0.1] == 0)
    bb84 = np.array(nanowires["protocols"]["bb84"]["rate_per_pulse"][1:])
    assert np.all(bb84 < np.array(nanowires["plob"][1:]))


def test_key_ends_where_the_qber_meets_what_can_be_corrected(nanowires):
    for curve in nanowires["protocols"].values():
        rate, qber, most = (np.array(curve[name]) for name in ("rate_per_pulse", "qber", "correctable_qber"))
        assert np.all((qber < most) == (rate > 0))
        assert np.all(np.array(curve["mean_photon_number"]) <= 1)


def test_finite_rates_grow_with_the_block_and_stay_below_the_asymptotic(finite):
    assert finite["key_clicks"] == [1e5, 1e6, 1e7, 1e8, 1e9]
    asymptotic = np.array(finite["asymptotic"])
    for rates in map(np.array, finite["rate_per_pulse"].values()):
        assert np.all(np.diff(rates, axis=0) >= 0)
        assert np.all(rates <= asymptotic)
        assert np.all(rates[:, 0] > 0.1 * asymptotic[0])
        assert np.all(np.diff(rates, axis=1) <= 0)


def test_one_decoy_wins_where_background_is_negligible(finite):
    two, one = (np.array(finite["rate_per_pulse"][name])[:, 0] for name in ("two-decoys", "one-decoy"))
    assert np.all((one / two > 1) & (one / two < 1.2))


def test_dead_time_makes_more_light_give_less_key():
    found = numbers("--figure", "saturation", "--dead-time-ns", "50")["saturation"]
    assert found["dead_time_s"] == pytest.approx(5e-8)
    for curve in found["losses"]:
        rate, ideal = np.array(curve["rate_bps"]), np.array(curve["ideal_bps"])
        peak = rate.argmax()
        assert 0 < peak < len(rate) - 1
        assert np.all(np.diff(rate[: peak + 1]) > 0)
        assert np.all(np.diff(rate[peak:]) < 0)
        assert np.all(rate <= ideal)
        assert curve["best"] == found["mean_photon_number"][peak] <= curve["best_ideal"]
    best = [curve["best"] for curve in found["losses"]]
    assert best == sorted(best)
    assert best[0] < 0.3 < found["losses"][0]["best_ideal"]


def test_without_dead_time_nothing_saturates():
    found = numbers("--figure", "saturation", "--dead-time-ns", "0")["saturation"]
    assert all(curve["rate_bps"] == pytest.approx(curve["ideal_bps"]) for curve in found["losses"])


def test_every_figure_can_be_asked_for():
    assert tuple(figure.value for figure in Figure) == FIGURES


def test_only_what_is_asked_for_is_calculated():
    found = numbers("--figure", "saturation")
    assert "against_loss" not in found
    assert "finite_key" not in found
    assert found["files"] == {}


def test_all_figures_become_files_in_a_folder(everything):
    assert list(everything["files"]) == ["rates", "qber", "mean-photon-number", "finite-key", "saturation"]
    for name, path in everything["files"].items():
        assert path.endswith(f"/new/figures/{name}.png")
        content = Path(path).read_bytes()
        assert content.startswith(b"\x89PNG\r\n\x1a\n")
        width, height = (int.from_bytes(content[start : start + 4], "big") for start in (16, 20))
        assert (width >= 1000, height >= 700) == (True, True)
        assert 30_000 < len(content) < 300_000


def test_text_says_which_files_were_written(cli: Cli, tmp_path):
    words = ("--figure", "saturation", "--out", str(tmp_path), "--format", "pdf")
    assert cli("physics", "curves", *words).stdout == f"{tmp_path / 'saturation.pdf'}\n"
    assert (tmp_path / "saturation.pdf").read_bytes().startswith(b"%PDF-")


def test_vector_files_say_what_they_show(cli: Cli, tmp_path):
    texts = {
        "rates": ["BB84, decoys", "twin field (CAL)", "PLOB bound", "secret key per pulse slot (bit)",
                  "fibre loss from end to end (dB)", "fibre length at 0.21 dB/km (km)", "1  CAL over BB84: 21.7 dB"],
        "qber": ["MDI, X basis", "thin: most that can be corrected", "error rate of the key bits", "0.5 %"],
        "mean-photon-number": ["best mean photon number of a signal pulse", "BBM92"],
        "saturation": ["secret key rate (bit/s)", "1 GHz, dead time 50 ns", "40 dB", "without dead time"],
    }  # fmt: skip
    chosen = [word for name in texts for word in ("--figure", name)]
    shown = cli("physics", "curves", *chosen, "--out", str(tmp_path), "--format", "svg", "--attenuation", "0.21")
    assert shown.stdout.splitlines() == [str(tmp_path / f"{name}.svg") for name in texts]
    for name, wanted in texts.items():
        content = (tmp_path / f"{name}.svg").read_text("utf-8")
        hardware = "snspd-a (efficiency 0.65, dark 1e-07, misalignment 0.005, f 1.16)"
        assert [text for text in (*wanted, hardware) if text not in content] == []


def test_equal_numbers_give_equal_files(cli: Cli, tmp_path):
    for suffix in ("svg", "pdf"):
        first, second = (tmp_path / f"{name}.{suffix}" for name in ("first", "second"))
        for path in (first, second):
            assert cli("physics", "curves", "--figure", "saturation", "--out", str(path)).returncode == 0
        assert first.read_bytes() == second.read_bytes()


def test_the_picture_shows_the_numbers(nanowires):
    axes = draw("rates", calculate(Request(["rates"], setup_of("snspd-a"), 0.2, 1e9, 5e-8))).axes[0]
    assert axes.get_yscale() == "log"
    lines = {line.get_label(): line for line in axes.get_lines()}
    for name, curve in nanowires["protocols"].items():
        line = lines[LINES[name].label]
        within = np.array(nanowires["loss_db"]) <= curve["reach_db"]
        assert line.get_xdata()[:-1] == pytest.approx(np.array(nanowires["loss_db"])[within])
        assert line.get_ydata()[:-1] == pytest.approx(np.array(curve["rate_per_pulse"])[within])
        assert line.get_xdata()[-1] == curve["reach_db"]
    marks = {round(line.get_xdata()[0], 1) for line in axes.get_lines() if line.get_marker() == "o"}
    assert {21.7, 40.0} <= marks


def test_no_two_lines_share_a_colour_or_a_dash():
    for styles in (
        [(line.colour, line.dashes) for line in LINES.values()],
        [*zip(SEQUENCE, SEQUENCE_DASHES, strict=True)],
    ):
        assert all(a[0] != b[0] and a[1] != b[1] for a, b in combinations(styles, 2))


@pytest.mark.parametrize(
    "words",
    [
        ["--misalignment", "0.4", "--interference-error", "0.4"],
        ["--efficiency", "1", "--dark-probability", "0", "--misalignment", "0", "--interference-error", "0"],
    ],
    ids=["hopeless", "perfect"],
)
def test_extreme_hardware_is_drawn_too(cli: Cli, tmp_path, words):
    chosen = [word for name in ("rates", "qber", "mean-photon-number", "saturation") for word in ("--figure", name)]
    drawn = cli("physics", "curves", *chosen, "--out", str(tmp_path), "--format", "svg", *words)
    assert (drawn.returncode, drawn.stderr) == (0, "")
    said = "BB84, decoys: no key" in (tmp_path / "rates.svg").read_text("utf-8")
    assert said == ("0.4" in words)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["--out", "x.png"], "hint: name a folder, or one --figure"),
        (["--figure", "rates", "--out", "x.png", "--format", "svg"], "x.png is not named as a svg file"),
        (["--figure", "rate"], "'rates'"),
        (["--format", "gif"], "'png'"),
        (["--dead-time-ns", "-1"], "--dead-time-ns must lie in [0, 1e+09] ns, got -1"),
        (["--attenuation", "0"], "--attenuation must lie in (0, 10] dB/km, got 0"),
        (["--clock-hz", "nan"], "--clock-hz must lie in (0, 1e+12] Hz, got nan"),
        (["--detector", "snpsd"], "did you mean 'snspd'?"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_makes_no_sense_is_a_usage_error(cli: Cli, words, error):
    refused = cli("physics", "curves", *words)
    assert (refused.returncode, refused.stdout) == (exit_codes.USAGE, "")
    assert error in refused.stderr


def test_a_place_that_cannot_be_written_is_named(cli: Cli, tmp_path):
    (tmp_path / "file").write_text("")
    refused = cli("physics", "curves", "--figure", "saturation", "--out", str(tmp_path / "file" / "x.png"))
    assert refused.returncode == exit_codes.FAILURE
    assert f"error: {tmp_path / 'file' / 'x.png'} cannot be written" in refused.stderr


def without_matplotlib(folder, *words: str):
    code = (
        "import sys; sys.modules['matplotlib'] = None; from qkdctl.cli.main import main; "
        f"sys.exit(main(['physics', 'curves', *{words!r}]))"
    )
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment(folder), check=False, cwd=folder
    )


def test_without_matplotlib_it_says_what_to_install(folder):
    refused = without_matplotlib(folder)
    assert (refused.returncode, refused.stdout) == (exit_codes.FAILURE, "")
    assert "error: figures are drawn with matplotlib, which is not installed" in refused.stderr
    assert "hint: pip install 'qkdctl[sim]'" in refused.stderr
    assert list(folder.glob("*.png")) == []


def test_without_matplotlib_the_numbers_still_come(folder):
    shown = without_matplotlib(folder, "--json", "--figure", "saturation")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert json.loads(shown.stdout)["saturation"]["losses"]
