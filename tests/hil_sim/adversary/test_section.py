import tomllib

import numpy as np
import pytest
from pydantic import BaseModel, ValidationError

from hil_sim.adversary.adversary import Act, Adversary
from hil_sim.adversary.behaviour import Behaviour
from hil_sim.adversary.cast import cast_of
from hil_sim.adversary.duty import Duty
from hil_sim.adversary.entries import Network
from hil_sim.adversary.section import AdversarySection, adversaries_of

NODES = ("a", "b", "c", "d", "e")
LINKS = ("a-b", "b-c", "c-d")


class File(BaseModel):
    adversaries: tuple[AdversarySection, ...]


def read(text, seed=0):
    return adversaries_of(File.model_validate(tomllib.loads(text)).adversaries, NODES, LINKS, seed)


def test_a_file_describes_a_coalition_and_an_eavesdropper():
    assert read("""
        [[adversaries]]
        nodes = ["c", "d"]
        kinds = ["understate-errors", "spy"]
        strength = 0.5
        start_epoch = 100
        end_epoch = 300
        duty = { share = 0.2, period = 10, burst = 3, wary_below = 0.6 }
        coalition = "red"
        claimed_error_rate = 0.01

        [[adversaries]]
        links = ["b-c"]
        kinds = ["photon-number-splitting"]
    """) == (
        *(
            Adversary(
                (Act("understate-errors", 0.5), Act("spy", 0.5)),
                node=node,
                duty=Duty(100, 300, share=0.2, period=10, burst=3, wary_below=0.6),
                coalition="red",
                claimed_error_rate=0.01,
            )
            for node in (2, 3)
        ),
        Adversary((Act("photon-number-splitting"),), links=(1,)),
    )


def test_a_share_of_the_nodes_is_picked_anew_for_each_table():
    text = """
        [[adversaries]]
        share = 0.4
        keep_honest = ["a"]
        kinds = ["replay"]
        replay_delay_epochs = 5
        clumsy = true
    """
    adversaries = read(text)
    assert len({adversary.node for adversary in adversaries}) == 2
    assert all((a.node, a.replay_delay, a.clumsy) != (0, 5, True) and a.replay_delay == 5 for a in adversaries)
    twice = [[adversary.node for adversary in read(2 * text, seed)] for seed in range(3)]
    assert any(nodes[:2] != nodes[2:] for nodes in twice)


def test_what_a_file_describes_can_be_planned():
    network = Network(5, np.array([[0, 1, 2], [1, 2, 3]]), np.full(3, -1))
    adversaries = read('[[adversaries]]\nnodes = ["b"]\nkinds = ["slander"]\nlinks = ["b-c"]')
    conduct = Behaviour(cast_of(network, adversaries, seed=0)).plan(0)
    assert conduct.reports.overstate_errors.tolist() == [[0, 1, 0], [0, 0, 0]]


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ('kinds = ["spy"]', "needs nodes"),
        ('nodes = ["a"]\nkinds = []', "at least 1"),
        ('nodes = ["a"]\nkinds = ["lie"]', "Input should be"),
        ('nodes = ["a"]\nshare = 0.2\nkinds = ["spy"]', "not both"),
        ('links = ["a-b"]\nkinds = ["spy"]', "'spy' needs nodes"),
        ('links = ["a-b"]\nkinds = ["blinding"]\ncoalition = "red"', "joins no coalition"),
        ('share = 0.2\nlinks = ["a-b"]\nkinds = ["blinding"]', "picked at random"),
        ('nodes = ["a"]\nkeep_honest = ["b"]\nkinds = ["spy"]', "belongs to share"),
        ('nodes = ["a"]\nkinds = ["slander"]\nstrength = 2', "at most 1, not 2"),
        ('nodes = ["a"]\nkinds = ["spy"]\nstart_epoch = 9\nend_epoch = 9', "later than start_epoch 9"),
        ('nodes = ["a"]\nkinds = ["spy"]\nduty = { period = 2, burst = 3 }', "does not fit"),
        ('nodes = ["a"]\nkinds = ["spy"]\nstrenght = 1', "Extra inputs"),
        ('nodes = ["a"]\nkinds = ["spy"]\nduty = { shares = 1 }', "Extra inputs"),
    ],
)
def test_mistakes_are_named(keys, words):
    with pytest.raises(ValidationError, match=words):
        read(f"[[adversaries]]\n{keys}")


def test_unknown_names_get_a_hint():
    with pytest.raises(ValueError, match="no node 'f'; known: a, b, c, d, e"):
        read('[[adversaries]]\nnodes = ["f"]\nkinds = ["spy"]')
    with pytest.raises(ValueError, match=r"no link 'b_c'; did you mean 'b-c'\?"):
        read('[[adversaries]]\nlinks = ["b_c"]\nkinds = ["blinding"]')
