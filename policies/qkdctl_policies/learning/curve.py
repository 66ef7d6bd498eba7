"""The learning curve: one JSON line per look at the learner, and a picture."""

import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path

from qkdctl_policies.learning.training_run import CurvePoint


def lines(curve: Iterable[CurvePoint]) -> str:
    """A line per look, the first one first."""
    return "".join(json.dumps(asdict(point)) + "\n" for point in curve)


def read_lines(path: Path) -> list[CurvePoint]:
    """All looks in a file; none where there is no file, or another version has left it."""
    try:
        return [CurvePoint(**json.loads(line)) for line in path.read_bytes().splitlines()]
    except (OSError, ValueError, TypeError):
        return []


def picture(curve: Iterable[CurvePoint], references: Mapping[str, float], title: str) -> bytes:
    """Score over episodes, with the scores of others as lines, and the loss below, as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - slow to import
    from matplotlib.figure import Figure  # noqa: PLC0415 - likewise

    points = list(curve)
    figure = Figure(figsize=(8, 6), layout="constrained")
    FigureCanvasAgg(figure)
    score, loss = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    episodes = [point.episodes for point in points]
    score.plot(
        episodes, [point.score for point in points], ".-", color="tab:blue", linewidth=0.8, label="exported file"
    )
    score.step(episodes, [point.best for point in points], where="post", color="tab:orange", label="best so far")
    for place, (name, value) in enumerate(references.items()):
        score.axhline(value, linestyle="--", color=f"{0.2 + 0.2 * place}", linewidth=1, label=name)
    lowest = min([*references.values(), *(point.score for point in points[len(points) // 4 :])])
    score.set_ylim(bottom=lowest - 0.1)
    score.set_ylabel("reward per epoch, held-out networks")
    score.set_title(title)
    score.legend(loc="lower right")
    updated = [point for point in points if point.updates]
    loss.semilogy([point.episodes for point in updated], [max(point.loss, 1e-9) for point in updated], color="tab:gray")
    loss.set_ylabel("loss")
    loss.set_xlabel("episodes (one network over all its epochs)")
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=120, metadata={"Software": None})
    return drawn.getvalue()
