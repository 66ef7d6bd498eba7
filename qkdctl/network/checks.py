"""Checks of a description that compare its values with each other."""

from collections.abc import Iterator

from qkdctl.config.link_figures import check_shared_figures
from qkdctl.config.positions import KeyPath
from qkdctl.config.problems import Problem, dotted
from qkdctl.config.redaction import describe
from qkdctl.config.tree import Tree
from qkdctl.network.demand_checks import check_demands
from qkdctl.network.reading import MEMBERS, counted_members, founders, is_stranger, number, stranger, tables, whole

_FAULTS: KeyPath = ("network", "faults")
_NAME: KeyPath = ("network", "name")
_THRESHOLD: KeyPath = ("acts", "threshold")
_REPEAT: KeyPath = ("timing", "repeat_s")
_ROUND: KeyPath = ("timing", "round_s")


def check_description(tree: Tree) -> list[Problem]:
    """All problems that concern several values, each only where the values it compares are valid by themselves."""
    return [
        *_size(tree),
        *_network_name(tree),
        *_members(tree),
        *_links(tree),
        *_threshold(tree),
        *_timing(tree),
        *check_demands(tree),
    ]


def _size(tree: Tree) -> Iterator[Problem]:
    """N >= 3f + 1, and what it means to have no member more."""
    faults, count = whole(tree, _FAULTS), founders(tree)
    if faults is None or not count or not tree.is_complete:
        return
    slack = count - (3 * faults + 1)
    if slack < 0:
        most = (count - 1) // 3
        message = f"{counted_members(count)} cannot bear f = {faults}: 3f + 1 = {3 * faults + 1} are needed"
        hint = f"write faults = {most}, or add {counted_members(-slack)}; the slack N - (3f + 1) is {slack}"
        yield Problem(tree.origin(_FAULTS), dotted(_FAULTS), message, str(faults), f"at most {most}", hint)
    elif slack == 0 and faults:
        message = f"the slack N - (3f + 1) is 0, so all {count} votes weigh nearly the same, whatever was earned"
        hint = "add a member, or assume fewer liars"
        yield Problem(tree.origin(_FAULTS), dotted(_FAULTS), message, hint=hint, severity="warning")


def _network_name(tree: Tree) -> Iterator[Problem]:
    name = tree.get(_NAME)
    if isinstance(name, str) and name in tree.table(MEMBERS):
        message = f"the network is called like its member {name}"
        hint = "access rights at brokers go by the first levels of topics"
        yield Problem(tree.origin(_NAME), dotted(_NAME), message, describe("", name), "another name", hint)


def _members(tree: Tree) -> Iterator[Problem]:
    owners: dict[object, str] = {}
    linked = {table.get(end) for table in tables(tree, "links").values() for end in ("alice", "bob")}
    members = tables(tree, "members")
    for name, table in members.items():
        path: KeyPath = ("members", name)
        owner = owners.setdefault(table.get("sae"), name)
        if owner != name:
            where = (*path, "sae")
            message = f"{owner} and {name} have the same SAE ID"
            yield Problem(tree.origin(where), dotted(where), message, describe("", table["sae"]), "one of its own")
        if ("latitude" in table) != ("longitude" in table):
            one, other = ("latitude", "longitude") if "latitude" in table else ("longitude", "latitude")
            where = (*path, one)
            yield Problem(tree.origin(where), dotted(where), f"{one} needs {other}", hint=f"add {other}")
        if name not in linked and len(members) > 1 and tree.is_complete:
            message = f"no link ends at {name}, so no quantum key reaches it"
            yield Problem(tree.origin(path), dotted(path), message, hint="add [links.<name>]", severity="warning")


def _links(tree: Tree) -> Iterator[Problem]:
    for link in tables(tree, "links"):
        path: KeyPath = ("links", link)
        yield from (stranger(tree, (*path, end)) for end in ("alice", "bob") if is_stranger(tree, (*path, end)))
        yield from check_shared_figures(tree, path)


def _threshold(tree: Tree) -> Iterator[Problem]:
    faults, wish, count = whole(tree, _FAULTS), whole(tree, _THRESHOLD), founders(tree)
    if faults is None or wish is None or count < 3 * faults + 1:
        return
    least, most = faults + 1, count - 2 * faults
    if not least <= wish <= most:
        counts = min(max(wish, least), most)
        message = f"{counted_members(count)} with f = {faults} cannot have k = {wish}; k = {counts} counts"
        expected = f"f + 1 = {least} to n - 2f = {most}"
        yield Problem(tree.origin(_THRESHOLD), dotted(_THRESHOLD), message, str(wish), expected, severity="warning")


def _timing(tree: Tree) -> Iterator[Problem]:
    repeat_s, most_s = number(tree, _REPEAT), number(tree, ("timing", "repeat_most_s"))
    if repeat_s is not None and most_s is not None and repeat_s > most_s:
        message = f"repeat_s = {repeat_s:g} is above repeat_most_s = {most_s:g}"
        yield Problem(tree.origin(_REPEAT), dotted(_REPEAT), message, expected=f"at most {most_s:g}")
    report_s, round_s = number(tree, ("timing", "report_s")), number(tree, _ROUND)
    epoch_s = number(tree, ("network", "epoch_s"))
    if report_s is None or round_s is None or epoch_s is None or report_s + 3 * round_s <= epoch_s:
        return
    message = f"a decision in round 1 takes up to {report_s + 3 * round_s:g} s, an epoch {epoch_s:g} s"
    expected = "report_s + 3 round_s of at most epoch_s"
    hint = "leave report_s and round_s away, they follow from epoch_s"
    yield Problem(tree.origin(_ROUND), dotted(_ROUND), message, expected=expected, hint=hint, severity="warning")
