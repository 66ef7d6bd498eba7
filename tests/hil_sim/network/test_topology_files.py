"""Topology files with mistakes are refused with file, line, key and a hint."""

import pytest

from hil_sim.network.topology import load_topology, topology_of
from hil_sim.scenario_problems import ScenarioError

GOOD = """\
title = "three in a row"

[sites.a]
latitude_deg = 48.0
longitude_deg = 16.0

[sites.b]
latitude_deg = 48.1
longitude_deg = 16.0

[sites.c]
latitude_deg = 48.2
longitude_deg = 16.0

[spans.a-b]
a = "a"
b = "b"
length_km = 15
loss_db = 3.5

[spans.b-c]
a = "b"
b = "c"
length_km = 20
"""


@pytest.fixture
def refused(tmp_path):
    """What is said of the good file after some text in it is replaced."""

    def load(old, new):
        assert GOOD.count(old) == 1, "the text to replace is not unique"
        path = tmp_path / "mine.toml"
        path.write_text(GOOD.replace(old, new))
        with pytest.raises(ScenarioError) as caught:
            load_topology(path)
        return str(caught.value).replace(str(path), "mine.toml").splitlines()

    return load


def test_a_good_file_is_read_from_a_path_or_its_text(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(GOOD)
    topology = load_topology(path)
    assert topology == load_topology(str(path))
    assert topology.name == "mine"
    assert [site.name for site in topology.sites] == ["a", "b", "c"]
    assert topology.ends().tolist() == [[0, 1], [1, 2]]


def test_a_loss_left_out_is_estimated_from_the_length():
    tables = {"title": "t", "sites": places("a", "b"), "spans": {"s": {"a": "a", "b": "b", "length_km": 50}}}
    span = topology_of(tables).spans[0]
    assert (span.loss_db, span.estimated) == (10.0, ("loss_db",))
    span = topology_of({**tables, "attenuation_db_per_km": 0.25}).spans[0]
    assert span.loss_db == 12.5


def test_a_loss_through_the_air_is_not_guessed():
    tables = {
        "title": "t",
        "sites": places("a", "b"),
        "spans": {"s": {"a": "a", "b": "b", "length_km": 50, "medium": "free-space"}},
    }
    with pytest.raises(ScenarioError, match=r"spans\.s\.loss_db: Field required"):
        topology_of(tables)


def places(*names):
    return {name: {"latitude_deg": 48 + index / 100, "longitude_deg": 16.0} for index, name in enumerate(names)}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('title = "three', 'titel = "three', "mine.toml:1: titel: unknown key -- did you mean 'title'?"),
        ("longitude_deg = 16.0\n\n[sites.b]", "longitude = 16.0\n\n[sites.b]",
         "mine.toml:5: sites.a.longitude: unknown key -- did you mean 'longitude_deg'?"),
        ("length_km = 15", "length_m = 15",
         "mine.toml:18: spans.a-b.length_m: unknown key -- did you mean 'length_km'?"),
        ("latitude_deg = 48.2", "latitude_deg = 148.2",
         "mine.toml:12: sites.c.latitude_deg: Input should be less than or equal to 90"),
        ('b = "b"', 'b = "bb"', "mine.toml:17: spans.a-b.b: no site 'bb' -- did you mean 'b'?"),
        ('a = "a"\nb = "b"', 'a = "b"\nb = "b"',
         "mine.toml:17: spans.a-b.b: both ends are 'b' -- a span joins two sites"),
        ('a = "b"\nb = "c"\nlength_km = 20', 'a = "b"\nb = "a"\nlength_km = 20',
         "mine.toml:21: spans.b-c: 'a-b' joins 'b' and 'a' already -- parallel fibres between two sites are one span"),
        ('a = "b"\nb = "c"\n', 'a = "b"\nb = "c"\nrelay = "c"\n',
         "mine.toml:24: spans.b-c.relay: the site in the middle is on the path twice -- name a third site"),
        ("length_km = 15", "length_km = 5",
         "mine.toml:18: spans.a-b.length_km: 5 km are too short: 'a' and 'b' are 11.1 km apart -- correct the length"),
        ("loss_db = 3.5", "loss_db = 1.5",
         "mine.toml:19: spans.a-b.loss_db: 1.5 dB over 15 km: no fibre is that clear -- at least 2.1 dB are expected"),
        ("loss_db = 3.5", "loss_db = 35",
         "mine.toml:19: spans.a-b.loss_db: 35 dB over 15 km: at most 9.5 dB are expected -- say in `remark` what"),
        ("[spans.a-b]", "[spans.A_B]",
         "mine.toml:15: spans.A_B: String should match pattern '^[a-z0-9][a-z0-9-]{0,62}$'"),
        ("loss_db = 3.5", 'loss_db = 3.5\nmedium = "copper"',
         "mine.toml:20: spans.a-b.medium: Input should be 'fibre', 'aerial' or 'free-space'"),
        ("length_km = 15", "length_km = nan", "mine.toml:18: spans.a-b.length_km: Input should be a finite number"),
        ("length_km = 20", "length_km = 20\nestimated = 3",
         "mine.toml:25: spans.b-c.estimated: Input should be a valid tuple"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line_and_a_hint(refused, old, new, expected):
    assert any(line.startswith(expected) for line in refused(old, new))


def test_an_island_is_named(refused):
    said = refused('\n[spans.b-c]\na = "b"\nb = "c"\nlength_km = 20\n', "")
    assert said == ["mine.toml:11: sites.c: not connected to 'a': c -- add a span that joins them"]


def test_all_mistakes_are_told_at_once(refused):
    said = refused('a = "a"\nb = "b"\nlength_km = 15', 'a = "x"\nb = "y"\nlength_km = 15')
    assert len(said) == 2


def test_a_high_loss_with_a_remark_is_believed(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(GOOD.replace("loss_db = 3.5", 'loss_db = 35\nremark = "a switch of 30 dB"'))
    assert load_topology(path).spans[0].loss_db == 35


def test_a_file_that_is_no_toml_is_refused(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("title = ")
    with pytest.raises(ScenarioError, match=r"mine\.toml: not valid TOML"):
        load_topology(path)


def test_an_unknown_name_is_refused_with_the_nearest_one():
    with pytest.raises(ScenarioError, match="no topology 'madqc' -- did you mean 'madqci'"):
        load_topology("madqc")


@pytest.mark.parametrize(("names", "said"), [((), "no sites"), (("a",), "1 site")])
def test_a_network_of_less_than_two_sites_is_refused(names, said):
    with pytest.raises(ScenarioError, match=f"{said} -- a network has at least two"):
        topology_of({"title": "t", "sites": places(*names), "spans": {}})


def test_a_relay_in_the_middle_joins_and_counts_in_the_distance():
    span = {"a": "a", "b": "c", "relay": "b", "length_km": 3.0, "loss_db": 1.0}
    topology = topology_of({"title": "t", "sites": places("a", "b", "c"), "spans": {"s": span}})
    assert topology.spans[0].path == ("a", "b", "c")
    assert topology.passive_sites() == {"b"}
    with pytest.raises(ScenarioError, match="too short"):
        topology_of({"title": "t", "sites": places("a", "b", "c"), "spans": {"s": {**span, "length_km": 1.9}}})
