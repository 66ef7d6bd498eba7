"""Broken descriptions: each gives the one right line, key and hint."""

import pytest

from qkdctl.config.problems import ConfigError, Problem
from qkdctl.network.load import parse_description
from tests.config.case import Case
from tests.network.texts import ALONE_TEXT, RING_TEXT

MARK = "#!"
LACKING = (
    "east to west needs 3 paths without a common relay (k = 2, 1 to spare), the links give 2: "
    "all lead through relay north, relay south"
)

# fmt: off
CASES = [
    Case("too few members", "faults = 1", "faults = 2 #!", "network.faults",
         "write faults = 1, or add 3 members; the slack N - (3f + 1) is -3",
         "4 members cannot bear f = 2: 3f + 1 = 7 are needed"),
    Case("negative f", "faults = 1", "faults = -1 #!", "network.faults", "", "out of range"),
    Case("f that is no number", "faults = 1", 'faults = "1" #!', "network.faults",
         "write the number without quotes: faults = 1"),
    Case("called like a member", 'name = "metro"', 'name = "west" #!', "network.name",
         "access rights at brokers go by the first levels of topics", "called like its member west"),
    Case("epoch in milliseconds", "epoch_s = 5", "epoch_ms = 5000 #!", "network.epoch_ms",
         "did you mean epoch_s? It is in seconds: epoch_s = 5"),
    Case("no such policy", "epoch_s = 5", 'epoch_s = 5\npolicy = "policy.onnx" #!', "network.policy", ""),
    Case("stranger at a link", 'bob = "south"', 'bob = "soth" #!', "links.e-s.bob", "did you mean south?",
         "there is no member soth"),
    Case("stranger of no likeness", 'bob = "south"', 'bob = "rome" #!', "links.e-s.bob", "add [members.rome]"),
    Case("error rates exchanged", "least_loss_db = 8", "expected_qber_ppm = 70000 #!", "links.n-e.expected_qber_ppm",
         "10000 ppm are 1 %"),
    Case("an instrument in the description", "least_loss_db = 8", 'source = "laser" #!', "links.n-e.source", "",
         "source is no key of [links.n-e]"),
    Case("demand of a stranger", 'target = "south"', 'target = "sout" #!', "demands.n-s.target",
         "did you mean south?"),
    Case("demand to itself", 'target = "south"', 'target = "north" #!', "demands.n-s.target", "",
         "source and target are both north"),
    Case("demand that no links can serve", "[demands.n-s]", "[demands.n-s] #!", "demands.n-s",
         "add links, or write a smaller colluding",
         "needs 3 paths without a common relay (k = 3, 0 to spare), the links give 2: all lead through relay east, "
         "relay west"),
    Case("demand of too many paths", "colluding = 1", "failing = 8\ncolluding = 8 #!", "demands.n-s.colluding", "",
         "it would need 17 paths"),
    Case("one SAE twice", "[members.south]", '[members.south]\nsae = "east" #!', "members.south.sae", "",
         "east and south have the same SAE ID"),
    Case("half a place", 'label = "North"', "latitude = 48.2 #!", "members.north.latitude", "add longitude"),
    Case("repetitions that slow down", "", "[timing]\nrepeat_s = 3.0 #!", "timing.repeat_s", "",
         "repeat_s = 3 is above repeat_most_s = 2"),
    Case("trust won too fast", "", "[trust] #!\nrecovery_permille = 10", "trust", "", "recovery of 10 per mille"),
    Case("shield misspelt", "", "[shield]\nmaximum_stop = 2.0 #!", "shield.maximum_stop",
         "did you mean maximum_step?"),
    Case("a bad name", "", "[members.Praha] #!", "members.Praha", "for example praha", "Praha is no valid name"),
]
# fmt: on
EXTRA = {"demand that no links can serve": ("colluding = 1", "colluding = 2")}


def problems_of(text: str) -> list[Problem]:
    with pytest.raises(ConfigError) as caught:
        parse_description(text)
    return [problem for problem in caught.value.problems if problem.severity == "error"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_right_line_and_hint(case: Case) -> None:
    text = RING_TEXT.replace(case.old, case.new, 1) if case.old else f"{RING_TEXT}\n{case.new}\n"
    if case.name in EXTRA:
        text = text.replace(*EXTRA[case.name])
    line = next(number for number, content in enumerate(text.splitlines(), 1) if content.endswith(MARK))
    problems = problems_of(text)
    assert [(problem.origin.line, problem.key, problem.hint) for problem in problems] == [(line, case.key, case.hint)]
    assert case.message in problems[0].message


def test_all_mistakes_are_reported_at_once_and_in_order() -> None:
    text = RING_TEXT.replace("faults = 1", "faults = 2").replace('bob = "west"', 'bob = "vest"').replace("1024", "-1")
    assert [problem.key for problem in problems_of(text)] == ["network.faults", "links.s-w.bob", "demands.n-s.bits"]


def test_what_is_missing_is_named_once_and_nothing_that_follows_from_it() -> None:
    assert [problem.key for problem in problems_of("[members.a]\n")] == ["network"]
    assert {problem.key for problem in problems_of('[network]\nname = "x"\n')} == {"network.faults", "members"}


def test_a_syntax_error_does_not_hide_the_rest_and_nothing_is_missing_for_it() -> None:
    keys = [problem.key for problem in problems_of(RING_TEXT.replace("faults = 1", "faults 1").replace("1024", "-1"))]
    assert keys == ["", "demands.n-s.bits"]


def warnings_of(text: str) -> list[tuple[str, str]]:
    return [(problem.key, problem.message) for problem in parse_description(text).warnings]


def test_no_slack_is_worth_a_warning() -> None:
    assert warnings_of(RING_TEXT) == [
        ("network.faults", "the slack N - (3f + 1) is 0, so all 4 votes weigh nearly the same, whatever was earned")
    ]
    link = '[links.n-x]\nalice = "north"\nbob = "x"\npulse_rate_hz = 1e9\n'
    assert warnings_of(f"{RING_TEXT}[members.x]\n{link}") == []
    assert warnings_of(ALONE_TEXT) == [], "nobody lies, so nobody needs to weigh less"


@pytest.mark.parametrize(
    ("addition", "key", "message"),
    [
        ("[members.x]\n", "members.x", "no link ends at x, so no quantum key reaches it"),
        (
            "[acts]\nthreshold = 4\n[members.x]\n",
            "acts.threshold",
            "5 members with f = 1 cannot have k = 4; k = 3 counts",
        ),
        ("[timing]\nround_s = 2.0\n", "timing.round_s", "a decision in round 1 takes up to 7 s, an epoch 5 s"),
        (
            '[demands.e-w]\nsource = "east"\ntarget = "west"\nbits = 1\ncolluding = 1\nfailing = 1\n',
            "demands.e-w",
            LACKING,
        ),
    ],
)
def test_what_works_otherwise_than_wished_is_a_warning(addition: str, key: str, message: str) -> None:
    assert (key, message) in warnings_of(RING_TEXT + addition)
