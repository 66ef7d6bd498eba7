"""Lists of echoes that are counted together give what echoes counted one by one give, at the same moments."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from qkdctl.abft.echoes import Echoes, Seen
from qkdctl.abft.gathering import Gathering
from qkdctl.abft.quorum import Electorate, Member

NAMES = tuple(f"n{number}" for number in range(7))
ELECTORATES = [
    Electorate.equal(NAMES, 2),
    Electorate.equal(NAMES, 0),
    Electorate(tuple(Member(name, 1_000_000 - 120_000 * at) for at, name in enumerate(NAMES)), 1),
]
USUAL: Seen = tuple((name, (f"{name}-report",)) for name in NAMES)


class OneByOne:
    """The rules of the design, word by word."""

    def __init__(self, electorate: Electorate) -> None:
        self.electorate = electorate
        self.support: dict[tuple[str, str], set[str]] = {}
        self.certified: set[tuple[str, str]] = set()
        self.own: list[tuple[str, str]] = []

    def take(self, sender: str, seen: Seen) -> bool:
        """An echo list."""
        most = len(NAMES)
        counted = [self.count(sender, (author, found)) for author, digests in seen for found in digests[:most]]
        return any(counted)

    def count(self, node: str, subject: tuple[str, str]) -> bool:
        """One echo."""
        author = subject[0]
        named = [known for known, nodes in self.support.items() if known[0] == author and node in nodes]
        if author not in NAMES or len(named) >= len(NAMES) or subject in named:
            return False
        nodes = self.support.setdefault(subject, set())
        nodes.add(node)
        if self.electorate.is_strong(nodes):
            self.certified.add(subject)
        if node != "n0" and self.electorate.is_weak(nodes):
            self.echo(subject)
        return True

    def echo(self, subject: tuple[str, str]) -> None:
        """An own echo."""
        if subject not in self.own and sum(author == subject[0] for author, _ in self.own) < len(NAMES):
            self.own.append(subject)
            self.count("n0", subject)


digests = st.sampled_from(["a", "b", "c", "d"])
odd_lists = st.lists(
    st.tuples(st.sampled_from([*NAMES, "stranger"]), st.lists(digests, max_size=9).map(tuple)), max_size=6
).map(tuple)
usual_lists = st.integers(0, 7).map(lambda count: USUAL[:count])
one_other = st.tuples(st.integers(0, 6), digests).map(
    lambda drawn: tuple((name, (drawn[1],) if at == drawn[0] else found) for at, (name, found) in enumerate(USUAL))
)
events = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(NAMES[1:]), st.just(USUAL)),
        st.tuples(st.sampled_from(NAMES[1:]), st.one_of(usual_lists, one_other, odd_lists)),
        st.tuples(st.just("n0"), st.tuples(st.sampled_from(NAMES), digests)),
        st.tuples(st.just("n0"), st.sampled_from([(name, found[0]) for name, found in USUAL])),
    ),
    max_size=40,
)


@given(st.sampled_from(ELECTORATES), events)
@settings(max_examples=300, deadline=None)
def test_nothing_tells_lists_from_single_echoes(electorate: Electorate, happens: list[tuple[str, Any]]) -> None:
    plain = OneByOne(electorate)
    gathering = Gathering("n0", electorate, lambda _author, _text: True)
    for sender, said in happens:
        if sender == "n0":
            plain.echo(said)
            gathering.restore(((said[0], (said[1],)),), {})
        else:
            assert gathering.take_echoes(sender, said) == plain.take(sender, said)
        certified = {(author, found) for author, all_found in gathering.certified.items() for found in all_found}
        assert certified == plain.certified
        assert {(author, found) for author, all_found in gathering.own_echoes() for found in all_found} == {*plain.own}
        assert gathering.echoed == len(plain.own)
        assert {*gathering.lacking()} == {*plain.own}
    for author, found in plain.support:
        assert gathering.holders(author, found) == plain.support[author, found] - {"n0"}


def test_equal_lists_are_counted_together() -> None:
    """Not the time is counted here, but how often all reports are looked at; without lies three times are enough."""
    electorate = Electorate.equal([f"n{number:03d}" for number in range(100)], 33)
    seen: Seen = tuple((name, (f"{name}-report",)) for name in electorate.names)
    certified: list[tuple[str, str]] = []
    echoes = Echoes(electorate, certified.append, lambda _subject: None)
    counted = Counted(echoes)
    for sender in electorate.names:
        assert echoes.take(sender, seen)
        assert not echoes.take(sender, tuple(seen))
    assert len(certified) == 100
    assert counted.times <= 4


class Counted:
    """How often all that waits is counted."""

    def __init__(self, echoes: Echoes) -> None:
        self.times = 0
        self._settle = echoes._settle
        echoes._settle = self  # type: ignore[method-assign]

    def __call__(self) -> None:
        """Count and be counted."""
        self.times += 1
        self._settle()
