"""What is counted of a story."""

from types import SimpleNamespace

import numpy as np
import pytest
from qkdctl_policies.experiments.key_blocks import Ended
from qkdctl_policies.experiments.key_relaying import Relayed
from qkdctl_policies.experiments.tally import RESTORED_EPOCHS, Tally, restoration_epochs

from tests.policies.experiments.tiny import diamond

PAIRS = (("a", "d"), ("b", "d"), ("a", "e"))
"""Keys of the first are safe, those of the second are spied on, and e of the third is a liar."""
LINKS = 5


@pytest.mark.parametrize(
    ("good", "epochs"),
    [
        ("+++++", 0),
        ("--+++++-", 2),
        ("++++-+++++", 5),
        ("----------", None),
        ("-++++", None),
        ("", None),
    ],
)
def test_restored_is_what_stays_good_for_five_epochs(good: str, epochs: int | None) -> None:
    assert restoration_epochs([sign == "+" for sign in good]) == epochs


def epoch(errors=0, realigning=(), bits=(0,) * LINKS):
    """One in which every link has a hundred clicks in Z, and as many errors."""
    cells = np.zeros((2, 4, LINKS), dtype=np.int64)
    key = SimpleNamespace(proven_bits=np.array(bits))
    counted = SimpleNamespace(detected=cells + 100, errors=cells + errors)
    return SimpleNamespace(changes=SimpleNamespace(realigning=np.isin(range(LINKS), realigning)), key=key,
                           counted=counted)  # fmt: skip


def blocks(accepted=(), refused=()) -> Ended:
    """Every block has 100 clicks in Z with 3 errors, and 10 in X with 1."""
    errors, clicks = (np.array([[z] * LINKS, [x] * LINKS]) for z, x in ((3, 1), (100, 10)))
    return Ended(errors, clicks, *(np.isin(range(LINKS), some) for some in (accepted, refused)))


def keys(delivered, secure) -> Relayed:
    """Of ten that each demand asks for."""
    return Relayed(np.full(3, 10), np.array(delivered), np.array(secure), np.zeros(LINKS, dtype=np.int64))


def noted(folder, *epochs) -> dict:
    """Figures of a diamond in which e lies, after epochs of other things than the default."""
    tally = Tally(diamond(folder, demands=PAIRS, byzantine=("e",)))
    for more in epochs:
        whole = {"epoch": epoch(), "ended": blocks(), "relayed": keys([10] * 3, [10] * 3), "excluded": frozenset()}
        tally.note(protocol=np.zeros(LINKS, dtype=np.int8), **(whole | more))
    return tally.figures()


def test_slots_are_served_by_keys_that_come_and_secure_by_keys_that_nobody_read(tmp_path) -> None:
    one, two, liar = noted(
        tmp_path, {"relayed": keys([10, 9, 8], [10, 0, 8])}, {"relayed": keys([8, 10, 10], [8, 9, 10])}
    )["demands"]
    names = ("honest", "asked", "delivered", "secure", "served_slots", "secure_slots")
    assert [one[name] for name in names] == [True, 20, 18, 18, 1, 1]
    assert [two[name] for name in names] == [True, 20, 19, 9, 2, 1]
    assert [liar[name] for name in names] == [False, 20, 18, 18, 1, 1]


@pytest.mark.parametrize(
    ("delivered", "secure", "restored"),
    [
        ([10, 10, 10], [10, 8, 0], 0),
        ([10, 10, 10], [10, 7, 10], None),
        ([10, 10, 10], [10, 0, 10], None),
        ([10, 8, 0], [10, 8, 0], 0),
    ],
)
def test_service_is_restored_by_secure_keys_of_the_honest_together(tmp_path, delivered, secure, restored) -> None:
    figures = noted(tmp_path, *[{"relayed": keys(delivered, secure)}] * RESTORED_EPOCHS)
    assert figures["restoration_epochs"] == restored


def test_exclusions_of_the_honest_are_counted_apart_from_those_of_liars(tmp_path) -> None:
    figures = noted(tmp_path, {}, {"excluded": frozenset("be")}, {"excluded": frozenset("ce")}, {"excluded": {"c"}})
    assert (figures["honest_excluded"], figures["honest_excluded_epochs"]) == (["b", "c"], 3)
    assert figures["byzantine_excluded_from"] == {"e": 2}


def test_links_are_counted_with_the_key_they_made_and_the_errors_of_what_was_accepted(tmp_path) -> None:
    figures = noted(
        tmp_path,
        {"epoch": epoch(errors=2, realigning=(0, 3), bits=(5, 7, 0, 0, 0)), "ended": blocks((0,), (1,))},
        {"epoch": epoch(errors=4, bits=(0, 1, 0, 0, 0)), "ended": blocks((1, 2))},
    )
    assert (figures["epochs"], figures["realignments"], figures["made_bits"], figures["refused_bits"]) == (2, 2, 13, 7)
    assert figures["accepted"] == {"bb84": {"z": {"errors": 9, "clicks": 300}, "x": {"errors": 3, "clicks": 30}}}
    assert figures["qber_variance"] == pytest.approx(0.0002)
