"""The parts of the demo's screen."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hil_sim.demo.casting import KEYED, Casting
from hil_sim.demo.lines import bits
from hil_sim.demo.story import Story
from hil_sim.demo.watching import Scene

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

Json = dict[str, Any]
_BAR = 8
_EIGHTHS = " ▏▎▍▌▋▊▉"
_SPARKS = "▁▂▃▄▅▆▇█"
_SPARK_EPOCHS = 24
_LIE = "bold white on red"
_SHORT = {
    "dispute": "disp",
    "re-aligned": "align",
    "brighter": "up",
    "dimmer": "down",
    "runs": "run",
    "settles": "wait",
    "starting": "up",
    "manual-safe": "safe",
    "silent": "mute",
}
_LEAST_TRUSTED_PPM = 900_000
_WORDY = 150
_OF_LATE_EPOCHS = 60
_RECENT_EPOCHS = 5


def headline(story: Story) -> "Text":
    """The network and its last decision."""
    scene = story.scene
    assert scene is not None, "a story begins with a scene"
    agreement = scene.agreements[scene.observer]
    last = agreement["last"]
    same = sum(
        bool(other["last"]) and (other["last"]["epoch"], other["last"]["digest"]) == (last["epoch"], last["digest"])
        for other in scene.agreements.values()
    )
    members = len(agreement["members"])
    text = _line("").append(agreement["network"], "bold")
    text.append(f"  {members} nodes, {agreement['faults']} may lie  ")
    text.append(f"epoch {last['epoch']}", "bold")
    text.append(f" round {last['round']} in {story.latency_s(scene.epoch):.2f} s, ")
    if story.forks:
        return text.append("FORK", _LIE)
    return text.append(f"decided alike by {same} of {members}", "green" if same == members else "yellow")


def worth(story: Story, width: int) -> "Text":
    """What the policy has been worth so far beside holding, and how often it did something."""
    harvest, moves = story.harvest, len(story.moves())
    text = _line("key ").append(bits(harvest.made_bits), "bold").append(" by ").append(story.policy, "bold")
    text.append(f", {bits(harvest.held_bits)} by holding")
    if harvest.gain is not None:
        text.append(f": {100 * harvest.gain:+.0f} %", "green" if harvest.gain > 0 else "yellow")
    text.append(f"  {moves} move{'s' if moves != 1 else ''}", "dim")
    text.truncate(width, overflow="ellipsis")
    return text


def move_lines(story: Story, most: int, width: int) -> list["Text"]:
    """What was done to links last, newest first."""
    lines = []
    for move in reversed(story.moves()[-most:] if most else []):
        text = _line("").append(f"{move.epoch:>7} ", "dim").append(move.text())
        text.truncate(width, overflow="ellipsis")
        lines.append(text)
    return lines


def hint(casting: Casting) -> "Text":
    """Which keys do what."""
    text = _line("").append(f"1-{len(casting.nodes)}", "bold")
    text.append(" lie or not  ").append("m", "bold").append(" how:")
    for manner in KEYED:
        text.append(" ").append(manner, "reverse" if manner == casting.manner else "dim")
    return text.append("  Ctrl-C", "bold").append(" ends, all dark")


def nodes_table(scene: Scene, casting: Casting) -> "Table":
    """One line per node: what the network thinks of it, and what is true."""
    table = _table()
    for column in ("", "node", "score", "vote", "trust", "standing", "channels", "in truth"):
        table.add_column(column, no_wrap=True)
    absent = set(scene.evidence[scene.epoch]["absent"])
    for number, node in enumerate(casting.nodes, 1):
        entry = next(each for each in scene.weights["nodes"] if each["node"] == node)
        lie = casting.lying.get(node)
        standing, style = _standing(entry, absent)
        table.add_row(
            _line(str(number), "dim"),
            node,
            _bar(entry["score_ppm"] / 1e6, style),
            "-" if entry["vote_weight"] is None else str(entry["vote_weight"]),
            str(entry["trust_ppm"] // 1000),
            _line(standing, style),
            _channels(scene.agreements.get(node)),
            _line(lie, _LIE) if lie else _line("honest", "dim"),
        )
    return table


def links_table(story: Story, *, wide: bool) -> "Table":
    """All links: one to a line where there is room, else two."""
    scene = story.scene
    assert scene is not None, "a story begins with a scene"
    entries = scene.evidence[scene.epoch]["links"]
    table = _table()
    if wide:
        for column in ("link", "photons", "QBER z", "QBER x", "key", "state", "QBER z, by epoch", "key, by epoch"):
            table.add_column(column, no_wrap=True)
        for entry in entries:
            table.add_row(*_wide_link(story, entry))
        return table
    table.padding = (0, 1, 0, 0)
    for column in ("link", "QBER", "key", "") * 2:
        table.add_column(column, no_wrap=True, justify="right" if column in ("QBER", "key") else "left")
    half = (len(entries) + 1) // 2
    for i in range(half):
        right = entries[half + i] if half + i < len(entries) else None
        table.add_row(*_narrow_link(story, entries[i]), *(_narrow_link(story, right) if right else ()))
    return table


def routes_text(scene: Scene, casting: Casting, width: int) -> list["Text"]:
    """One line per demand, with its relays; those that lie are marked."""
    longest = max((len(route["demand"]) for route in scene.routes), default=0)
    lines = []
    for route in scene.routes:
        text = _line("").append(f"{route['demand']:<{longest}}  ", "bold cyan")
        for i, path in enumerate(route["paths"]):
            text.append("  and  " if i else "", "bold cyan")
            for j, node in enumerate(path["nodes"]):
                text.append(" > " if j else "", "dim").append(node, _LIE if node in casting.lying else "")
        if not route["paths"]:
            text.append("no route left", "red")
        elif len(route["paths"]) > 1:
            text.append(f"  {route['threshold']} of {len(route['paths'])}", "dim")
        if route["suspects"]:
            text.append(f"  lost keys near {', '.join(each['node'] for each in route['suspects'])}", "yellow")
        if route["distrusted"]:
            text.append(f"  not avoidable: {', '.join(route['distrusted'])}", "yellow")
        else:
            text.append(f"  since {route['since']}", "dim")
        text.truncate(width, overflow="ellipsis")
        lines.append(text)
    return lines


def verdict_lines(story: Story, most: int, width: int) -> list["Text"]:
    """Why weights moved: what weighed most of late comes first; first one cause for each node, then the others."""
    told: dict[tuple[str, str, str], list[Json]] = {}
    for verdict in story.verdicts():
        if verdict["epoch"] > story.last_epoch - _OF_LATE_EPOCHS:
            told.setdefault((verdict["node"], verdict["cause"], verdict["subject"]), []).append(verdict)
    ranked = sorted(told.values(), key=lambda same: -sum(verdict["error_permille"] for verdict in same))
    firsts = {same[0]["node"]: same for same in reversed(ranked)}.values()
    ordered = [same for same in ranked if same in firsts] + [same for same in ranked if same not in firsts]
    return [_reason(same, width) for same in ordered[:most]] or [_line("nobody is blamed for anything", "dim")]


def _reason(same: Sequence[Json], width: int) -> "Text":
    """Verdicts of one cause, oldest first, in one line."""
    oldest, newest = same[0], same[-1]
    epochs = f"{oldest['epoch']}-{newest['epoch']}" if len(same) > 1 else str(newest["epoch"])
    text = _line("").append(f"{epochs:>7} ", "dim").append(newest["node"], "bold")
    if newest.get("score_ppm") is not None:
        text.append(f" {newest['score_ppm'] // 1000}/{newest['trust_ppm'] // 1000}", "yellow")
    text.append(f": {newest['text'] if width >= _WORDY else _why(newest)}")
    text.truncate(width, overflow="ellipsis")
    return text


def _why(verdict: Json) -> str:
    """The cause in few words."""
    number, subject = verdict["number"], verdict["subject"]
    words: dict[str, str] = {
        "disputed-edges": f"contradicted by {number} nodes, more than liars could be",
        "suspicion": f"{number} neighbours contradict it",
        "impossible-claim": f"impossible records of {subject}",
        "relay-corruption": f"spoilt relayed keys, {number} by audit",
        "set-point": f"light of {subject} is off its set-point",
        "accused": f"accused by a weight of {number}",
        "late-report": "its report came late",
    }
    return words.get(str(verdict["cause"]), str(verdict["text"]))


def sparkline(values: Sequence[int | None]) -> str:
    """A line of bars between zero and the largest value; a gap where there is none."""
    most = max([value for value in values if value is not None], default=0) or 1
    return "".join(" " if value is None else _SPARKS[(len(_SPARKS) - 1) * value // most] for value in values)


def _standing(entry: Json, absent: set[str]) -> tuple[str, str]:
    if entry["node"] in absent:
        return "no report", "yellow"
    if entry["excluded"]:
        return "excluded", "red"
    if entry["distrusted"]:
        return "suspect", "magenta"
    return ("trusted", "green") if entry["trust_ppm"] >= _LEAST_TRUSTED_PPM else ("in doubt", "yellow")


def _bar(share: float, style: str) -> "Text":
    eighths = round(share * _BAR * 8)
    full, rest = divmod(eighths, 8)
    return _line(("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(_BAR) + f"{1000 * share:5.0f}", style)


def _channels(agreement: Json | None) -> "Text":
    """Security levels of the channels of a node, with their numbers."""
    if agreement is None:
        return _line("cut off", "red")
    levels = Counter(peer["level"] for peer in agreement["peers"])
    return _line(" ".join(f"{count} {_level(level)}" for level, count in sorted(levels.items())), "dim")


def _level(level: str) -> str:
    """In short; `its-relayed(3)` becomes `relayed`, and what is no more than computational is an HMAC."""
    return "hmac" if level == "computational" else level.removeprefix("its-").partition("(")[0]


def _state(story: Story, entry: Json) -> "Text":
    row, moves = entry["row"], story.moves(entry["link"])
    if entry["dispute"] is not None:
        return _line(f"dispute {entry['dispute']['agreed_epochs_left']}", "red")
    if row is None:
        return _line("silent", "yellow")
    if row["mode"] != "running":
        return _line(row["mode"], "yellow")
    if moves and moves[-1].epoch == story.last_epoch:
        return _line(moves[-1].what, "cyan")
    return _line("runs", "green") if row["valid"] else _line("settles", "dim")


def _recent(story: Story, link: str, name: str, counted: str) -> "Text":
    """An error rate of the last epochs; faint unless it is of the very last one."""
    rows = [row for _, row in story.rows(link)][-_RECENT_EPOCHS:]
    known = [row for row in rows if row[counted]]
    if not known:
        return _line("-", "dim")
    return _line(f"{known[-1][name] / 1e4:.2f}%", "" if known[-1] is rows[-1] else "dim")


def _narrow_link(story: Story, entry: Json) -> "tuple[str | Text, ...]":
    row = entry["row"]
    key = "-" if row is None else bits(row["secret_key_bits"]).replace("bit", "").replace(" ", "")
    qber = _recent(story, entry["link"], "qber_z_ppm", "sifted_bits")
    state = _state(story, entry)
    state.plain = _SHORT.get(state.plain.partition(" ")[0], state.plain)
    return entry["link"], qber, key, state


def _wide_link(story: Story, entry: Json) -> "tuple[str | Text, ...]":
    row = entry["row"]
    rows = [each for _, each in story.rows(entry["link"])][-_SPARK_EPOCHS:]
    qber = sparkline([each["qber_z_ppm"] if each["sifted_bits"] else None for each in rows])
    key = sparkline([each["secret_key_bits"] for each in rows])
    return (
        entry["link"],
        "-" if row is None else f"{row['mean_photon_number_e6'] / 1e6:.3f}",
        _recent(story, entry["link"], "qber_z_ppm", "sifted_bits"),
        _recent(story, entry["link"], "qber_x_ppm", "test_bits"),
        "-" if row is None else bits(row["secret_key_bits"]),
        _state(story, entry),
        _line(qber, "yellow"),
        _line(key, "green"),
    )


def _table() -> "Table":
    from rich.table import Table  # noqa: PLC0415 - keeps other verbs fast

    return Table(expand=False, box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))


def _line(text: str, style: str = "") -> "Text":
    from rich.text import Text  # noqa: PLC0415

    return Text(text, style)
