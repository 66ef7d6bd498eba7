"""qkdctl physics rate, against published vectors."""

import json

import pytest

from qkdctl import exit_codes
from qkdctl.cli.physics.catalogue import PROTOCOLS
from qkdctl.physics import protocols
from qkdctl.physics.finite import lim2014, rusca2018
from qkdctl.physics.finite.block_size import BlockSize
from qkdctl.physics.finite.decoy_counts import IntensitySettings
from qkdctl.physics.finite.finite_link import FiniteSource, expect_block
from qkdctl.physics.finite.security import Security
from qkdctl.physics.hardware import PRESETS
from qkdctl.physics_view.finite_points import finite_link
from tests.cli.conftest import Cli
from tests.cli.terminal import Terminal


def document(cli: Cli, *words: str):
    answered = cli("physics", "rate", *words, "--json")
    assert answered.returncode == 0, answered.stderr
    return json.loads(answered.stdout, parse_constant=pytest.fail)


def only(cli: Cli, *words: str):
    (point,) = document(cli, *words)["protocols"]
    return point


@pytest.mark.parametrize(
    ("loss_db", "bb84", "tf", "mdi", "digits"),
    [
        ("10", 1.97e-2, 5.8e-3, 2.05e-3, (5e-5, 5e-5, 5e-6)),
        ("30", 1.95e-4, 4.9e-4, 1.9e-5, (5e-7, 5e-6, 5e-7)),
        ("50", 1.1e-6, 4.2e-5, 1.9e-7, (5e-8, 5e-7, 5e-9)),
    ],
)
def test_protocols_side_by_side(cli: Cli, loss_db, bb84, tf, mdi, digits):
    words = [word for name in ("bb84", "tf", "mdi") for word in ("--protocol", name)]
    found = document(cli, "--loss", loss_db, "--detector", "snspd", *words)["protocols"]
    assert [point["protocol"] for point in found] == ["bb84", "tf", "mdi"]
    for point, printed, half_digit in zip(found, (bb84, tf, mdi), digits, strict=True):
        assert point["rate_per_pulse"] == pytest.approx(printed, abs=half_digit)
        assert point["key_rate_bps"] == pytest.approx(1e9 * point["rate_per_pulse"])
        assert point["reason"] is None


def test_decoy_bb84_over_100_km_of_old_diodes(cli: Cli):
    """Gobby, Yuan, Shields as calculated with by Ma, Qi, Zhao, Lo (2005)."""
    words = ("--protocol", "bb84", "--attenuation", "0.21", "--detector", "gys", "--mean-photon-number", "0.48")
    assert only(cli, *words, "--distance-km", "100")["rate_per_pulse"] == pytest.approx(1.71844e-5, rel=5e-6)
    near = only(cli, *words, "--loss", "0")
    assert near["rate_per_pulse"] == pytest.approx(2.5546e-3, rel=2e-5)
    assert (near["gain"], near["qber_z"]) == (pytest.approx(2.13701e-2, rel=3e-6), pytest.approx(0.033037, abs=5e-7))


def test_mdi_over_100_km(cli: Cli):
    """Lo, Curty, Qi (2012) with the model of Ma and Razavi (2012)."""
    words = ("--protocol", "mdi", "--detector", "lo-curty-qi", "--distance-km", "100", "--mean-photon-number", "0.5")
    point = only(cli, *words)
    assert point["rate_per_pulse"] == pytest.approx(4.859947e-6, rel=2e-7)
    assert point["gain"] == pytest.approx(2.6083243e-5, rel=2e-8)
    assert point["qber_z"] == pytest.approx(0.016609121, rel=4e-8)
    assert point["qber_x"] == pytest.approx(0.25746209, rel=4e-8)
    assert point["phase_error"] == pytest.approx(0.015795531, rel=4e-8)
    assert point["reach_db"] / 0.2 == pytest.approx(231.94, abs=0.5)


def test_twin_fields_with_every_figure_given(cli: Cli):
    """Curty, Azuma, Lo (2019) at alpha 0.15, eta 1e-4, 2 % misalignment per user."""
    point = only(
        cli, "--protocol", "twin-field", "--loss", "40", "--efficiency", "1", "--dark-probability", "1e-8",
        "--correction", "1", "--interference-error", "0.02", "--mean-photon-number", "0.0225",
    )  # fmt: skip
    assert point["rate_per_pulse"] == pytest.approx(2.21931104e-4, rel=3e-9)
    assert point["gain"] == pytest.approx(4.49914784e-4, rel=2e-9)
    assert (point["qber_z"], point["qber_x"]) == (None, pytest.approx(0.0200170946, rel=3e-9))
    assert point["phase_error"] == pytest.approx(0.0698034788, rel=2e-9)


def test_sending_or_not_sending_at_its_best(cli: Cli):
    near = only(cli, "--protocol", "sns", "--detector", "wyh", "--distance-km", "100")
    far = only(cli, "--protocol", "sns", "--detector", "wyh", "--distance-km", "700")
    assert near["rate_per_pulse"] == pytest.approx(3.87e-4, rel=2e-3)
    assert far["rate_per_pulse"] == pytest.approx(2.80e-10, rel=3e-3)


def test_entangled_pairs_at_their_best(cli: Cli):
    """Ma, Fung, Lo (2007), back to back and with 50 km, the source midway."""
    near = only(cli, "--protocol", "bbm92", "--detector", "ma-fung-lo", "--loss", "0")
    assert near["mean_photon_number"] == pytest.approx(0.1176, abs=1e-4)
    assert (near["rate_per_pulse"], near["gain"]) == (pytest.approx(4.1145e-4, rel=2e-5), pytest.approx(2.777e-3, 1e-3))
    assert near["qber_z"] == near["qber_x"] == pytest.approx(0.0574, abs=5e-5)
    far = only(cli, "--protocol", "bbm92", "--detector", "ma-fung-lo", "--distance-km", "50")
    assert far["rate_per_pulse"] == pytest.approx(3.7483e-5, rel=3e-5)


@pytest.mark.parametrize(("loss_db", "plob"), [("10", 0.1520031), ("30", 1.443417e-3), ("60", 1.442696e-6)])
def test_bounds(cli: Cli, loss_db, plob):
    found = document(cli, "--loss", loss_db)
    assert found["bounds"]["plob"] == pytest.approx(plob, rel=4e-7)
    for point in found["protocols"]:
        for bound, share in (("plob", "share_of_plob"), ("single_repeater", "share_of_single_repeater")):
            assert point[share] == pytest.approx(point["rate_per_pulse"] / found["bounds"][bound])
        assert point["share_of_single_repeater"] < 1


def test_no_loss_at_all_has_no_finite_bound(cli: Cli):
    found = document(cli, "--loss", "0", "--protocol", "bb84")
    assert found["bounds"] == {"plob": None, "single_repeater": None}
    assert found["protocols"][0]["share_of_plob"] == 0
    assert "PLOB bound infinite" in cli("physics", "rate", "--loss", "0").stdout


def test_dense_and_sparse_clocks(cli: Cli):
    slow = only(cli, "--protocol", "bb84", "--loss", "20", "--clock-hz", "1e6")
    assert slow["key_rate_bps"] == pytest.approx(1e6 * slow["rate_per_pulse"])


def test_phase_references_cost_their_share(cli: Cli):
    whole, part = (
        only(cli, "--protocol", "tf", "--loss", "30", "--phase-reference-duty", duty) for duty in ("1", "0.6")
    )
    assert part["rate_per_pulse"] == pytest.approx(0.6 * whole["rate_per_pulse"])
    assert part["correctable_qber"] == pytest.approx(whole["correctable_qber"])


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("beyond_db", [0.2, 12])
def test_without_key_the_qber_is_above_what_can_be_corrected(cli: Cli, protocol, beyond_db):
    reach = protocols.reach_db(protocol, PRESETS["snspd-a"])
    point = only(cli, "--protocol", protocol, "--loss", str(reach + beyond_db))
    seen = point["qber_x"] if protocol == "tf" else point["qber_z"]
    assert point["rate_per_pulse"] == point["key_rate_bps"] == 0
    assert seen > point["correctable_qber"]
    assert (seen - point["correctable_qber"] < 0.01) == (beyond_db == 0.2)
    assert f"reach of this protocol with this hardware is {reach:.1f} dB" in point["reason"]
    with_key = only(cli, "--protocol", protocol, "--loss", str(reach - 0.2))
    assert with_key["rate_per_pulse"] > 0
    assert with_key["correctable_qber"] > (with_key["qber_x"] if protocol == "tf" else with_key["qber_z"])


def test_a_bad_mean_photon_number_is_told_from_a_link_that_is_too_long(cli: Cli):
    point = only(cli, "--protocol", "bb84", "--loss", "25", "--detector", "gys", "--mean-photon-number", "1")
    assert point["rate_per_pulse"] == 0
    best = only(cli, "--protocol", "bb84", "--loss", "25", "--detector", "gys")
    promised = f"a mean photon number of {best['mean_photon_number']:.3g} would give {best['rate_per_pulse']:.2e}"
    assert point["reason"].endswith(promised)


def test_hopeless_hardware(cli: Cli):
    assert only(cli, "--protocol", "bb84", "--loss", "0", "--misalignment", "0.4")["reason"].endswith(
        "this hardware gives no key at any loss"
    )


def test_text(cli: Cli):
    lines = cli("physics", "rate", "--loss", "60", "--detector", "snspd-a").stdout.splitlines()
    assert lines[:2] == ["60 dB (300 km at 0.2 dB/km), 1 GHz",
                         "snspd-a (efficiency 0.65, dark 1e-07, misalignment 0.005, f 1.16)"]  # fmt: skip
    assert lines[3].split("  ")[0] == "PROTOCOL"
    bb84, mdi, tf, *_ = lines[4:]
    assert bb84.startswith("bb84      no key     -")
    assert mdi.split()[:4] == ["mdi", "1.81e-08", "18.1", "bit/s"]
    assert "-/2.22 %" in tf
    assert tf.split()[-6:-2] == ["737", "%", "0.737", "%"]
    assert "PLOB bound 1.443e-06 per pulse, with one repeater midway 1.443e-03 per pulse" in lines
    (reason,) = [line for line in lines if line.startswith("bb84: no key: QBER 15.6 % is above the 2.74 %")]
    assert reason.endswith("reach of this protocol with this hardware is 54.2 dB")


def test_changed_hardware_is_said_to_be_changed(cli: Cli):
    words = ("--loss", "10", "--efficiency", "0.5", "--phase-reference-duty", "0.6")
    assert "snspd-a changed (efficiency 0.5, dark 1e-07, misalignment 0.005, f 1.16, phase reference duty 0.6)" in (
        cli("physics", "rate", *words).stdout
    )
    hardware = document(cli, *words)["hardware"]
    assert (hardware["efficiency"], hardware["misalignment"]) == (0.5, 0.005)
    assert hardware["changed"] == ["efficiency", "phase_reference_duty"]


def test_it_fits_80_columns(folder):
    code, shown = Terminal(
        folder, ["physics", "rate", "--loss", "60", "--block", "1e5"], COLUMNS="80", NO_COLOR="1"
    ).end()  # fmt: skip
    assert code == 0
    assert max(map(len, shown.replace("\r", "").splitlines())) <= 80


@pytest.mark.parametrize(("unit", "member", "number"), [("key-clicks", "key_clicks", 1e7), ("pulses", "pulses", 3e9)])
def test_finite_blocks_are_those_of_the_analyses_at_the_settings_shown(cli: Cli, unit, member, number):
    found = document(cli, "--protocol", "bb84", "--loss", "10", "--block", str(number), "--block-unit", unit)
    two, one = found["finite_key"]["analyses"]
    for analysis, key_length in ((two, lim2014.key_length), (one, rusca2018.key_length)):
        assert analysis[member] == pytest.approx(number)
        settings = IntensitySettings(analysis["mean_photon_numbers"], analysis["probabilities"])
        link = finite_link(PRESETS["snspd-a"], 10.0, BlockSize(number, member), Security())
        block = expect_block(link, FiniteSource(settings, analysis["key_basis_probability"]), key_length)
        assert analysis["key_bits"] == block.key.bits()
        assert analysis["rate_per_pulse"] == pytest.approx(analysis["key_bits"] / analysis["pulses"])
        assert analysis["key_rate_bps"] == pytest.approx(analysis["key_bits"] / analysis["duration_s"])
        assert 0 < analysis["share_of_asymptotic"] < 1
    assert one["rate_per_pulse"] > two["rate_per_pulse"]
    assert found["finite_key"]["block"] == {"number": number, "unit": member, "secrecy": 1e-9, "correctness": 1e-15}


def test_larger_blocks_and_looser_security_give_more_key(cli: Cli):
    def bits(*words):
        found = document(cli, "--protocol", "bb84", "--loss", "20", *words)
        return [analysis["rate_per_pulse"] for analysis in found["finite_key"]["analyses"]]

    small, large = bits("--block", "1e6"), bits("--block", "1e8")
    loose = bits("--block", "1e6", "--secrecy", "1e-6")
    assert all(a < b for a, b in zip(small, large, strict=True))
    assert all(a < b for a, b in zip(small, loose, strict=True))


def test_finite_text(cli: Cli):
    shown = cli("physics", "rate", "--protocol", "bb84", "--loss", "10", "--block", "1e7").stdout
    assert "bb84 in blocks of 1e+07 key clicks, eps_sec 1e-09, eps_cor 1e-15" in shown
    assert "about every second block gives less" in shown
    lines = {line.split()[0]: line for line in shown.splitlines() if line}
    assert "0.0002 (11%); key basis 90%" in lines["two-decoys"]
    assert "Mbit/s" in lines["one-decoy"]


@pytest.mark.parametrize(
    ("loss_db", "why"), [("50", "larger blocks may give key"), ("60", "no block, however large, gives any")]
)
def test_finite_blocks_without_key_say_why(cli: Cli, loss_db, why):
    shown = cli("physics", "rate", "--protocol", "bb84", "--loss", loss_db, "--block", "1e4").stdout
    assert f"no key: {'so few clicks prove too little at this loss; ' if loss_db == '50' else ''}{why}" in shown


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["--loss", "-1"], "--loss must lie in [0, 400] dB, got -1"),
        (["--loss", "nan"], "--loss must lie in [0, 400] dB, got nan"),
        (["--loss", "inf"], "--loss must lie in [0, 400] dB, got inf"),
        (["--loss", "401"], "--loss must lie in [0, 400] dB, got 401"),
        (["--distance-km", "-5"], "--distance-km must lie in [0, 2000] km, got -5"),
        (["--distance-km", "5", "--attenuation", "0"], "--attenuation must lie in (0, 10] dB/km, got 0"),
        ([], "hint: say --loss in dB, or --distance-km of a fibre"),
        (["--loss", "1", "--distance-km", "5"], "both --loss and --distance-km are given"),
        (["--loss", "1", "--mean-photon-number", "1.2"], "--mean-photon-number must lie in (0, 1], got 1.2"),
        (["--loss", "1", "--mean-photon-number", "0"], "--mean-photon-number must lie in (0, 1], got 0"),
        (["--loss", "1", "--clock-hz", "0"], "--clock-hz must lie in (0, 1e+12] Hz, got 0"),
        (["--loss", "1", "--efficiency", "1.2"], "--efficiency must lie in (0, 1], got 1.2"),
        (["--loss", "1", "--dark-probability", "-1"], "--dark-probability must lie in [0, 1), got -1"),
        (["--loss", "1", "--misalignment", "0.6"], "--misalignment must lie in [0, "),
        (["--loss", "1", "--correction", "0.9"], "--correction must lie in [1, inf"),
        (["--loss", "1", "--sift", "nan"], "--sift must lie in (0, 1], got nan"),
        (["--loss", "1", "--phase-reference-duty", "0"], "--phase-reference-duty must lie in (0, 1], got 0"),
        (["--loss", "1", "--detector", "snpsd-a"], "hint: did you mean 'snspd-a'? known are snspd-a, snspd-b,"),
        (["--loss", "1", "--detector", ""], "there is no detector ''"),
        (["--loss", "1", "--protocol", "bb48"], "hint: did you mean 'bb84'? known are bb84, mdi, tf, sns, bbm92"),
        (["--loss", "1", "--block", "0"], "--block must lie in [1, 1e+15], got 0"),
        (["--loss", "1", "--block", "1e6", "--secrecy", "1"], "--secrecy must lie in [1e-300, 0.5], got 1"),
        (["--loss", "1", "--block", "1e6", "--protocol", "tf"], "hint: add --protocol bb84"),
        (["--loss", "1", "--block", "1e6", "--mean-photon-number", "0.5"], "exclude each other"),
        (["--loss", "1", "--block", "1e6", "--block-unit", "clicks"], "key-clicks"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_makes_no_sense_is_a_usage_error(cli: Cli, words, error):
    refused = cli("physics", "rate", *words)
    assert (refused.returncode, refused.stdout) == (exit_codes.USAGE, "")
    assert error in refused.stderr


@pytest.mark.parametrize(
    ("name", "preset"),
    [("snspd", "snspd-a"), ("SNSPD_B", "snspd-b"), ("gobby", "gobby-yuan-shields"), ("gys", "gobby-yuan-shields"),
     ("InGaAs", "ingaas"), ("Lo Curty Qi", "lo-curty-qi")],
)  # fmt: skip
def test_detectors_go_by_other_names(cli: Cli, name, preset):
    assert document(cli, "--loss", "10", "--protocol", "bb84", "--detector", name)["hardware"]["preset"] == preset
