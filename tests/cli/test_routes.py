"""qkdctl routes: ways of keys, and what is wrong with them."""

import json

from qkdctl.cli.output import Painter
from qkdctl.cli.routes import routes_text
from tests.api.routes import ROUTES
from tests.api.serving import Served
from tests.cli.conftest import Cli


def plain(**changes: object) -> str:
    return routes_text(ROUTES | changes, Painter(colour=False, width=None))


def test_the_daemon_tells_the_routes(cli: Cli, daemon: Served) -> None:
    assert "east - bench - west" in cli("routes").stdout
    assert json.loads(cli("routes", "--json").stdout) == ROUTES


def test_each_path_has_a_line_and_remarks_stand_with_the_first() -> None:
    _, first, second, none, *_ = plain().splitlines()
    assert first.split("  ")[0] == "east-west"
    assert first.endswith(
        "distrusted: south; lost keys: north (150 epochs); could have made room for others for 2 epochs"
    )
    assert ["1 (any 2)" in first, "yes" in first, "elsewhere" in second, "lost" in second] == [True, True, True, False]
    assert "no way from bench to moon" in none


def test_what_is_wrong_here_is_said() -> None:
    assert "opening east-west/1/1187/43 at east, bench, west: it failed (asked 2 times)" in plain()
    assert "key-router does not serve its routes: out of reach" in plain(trouble="out of reach")
    assert "this node has no key router" in plain(router=None)
    assert plain(demands=[]) == "no demands for relayed keys"
