"""Score and vote weight of a liar that reforms."""

from pathlib import Path

from tests.campaigns.trust.stories import LoneStory


def save_plot(story: LoneStory, path: Path) -> None:
    """Draw and write a PNG file."""
    import matplotlib as mpl  # noqa: PLC0415 - only who saves needs it

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, axes = plt.subplots(figsize=(9, 4), layout="constrained")
    epochs = range(1, len(story.score_ppm) + 1)
    axes.plot(epochs, [value / 1e6 for value in story.score_ppm], color="tab:red", label=f"score of {story.liar}")
    axes.plot(epochs, [value / 1e3 for value in story.weight], color="tab:red", linestyle=":", label="its vote weight")
    axes.plot(
        epochs, [value / 1e6 for value in story.honest_score_ppm], color="tab:green", label="least score of the others"
    )
    axes.axhline(0.5, color="0.45", linewidth=1, linestyle="--", label="excluded below")
    axes.axvspan(10, 30, color="tab:red", alpha=0.12, label="slanders all neighbours")
    last = max((number for number, count in enumerate(story.disputes, start=1) if count), default=0)
    axes.axvspan(30, last, color="0.5", alpha=0.12, label="its edges are in dispute")
    axes.set(xlabel="epoch", ylabel="share of the full score", ylim=(0, 1.05))
    axes.legend(loc="lower right", fontsize=8)
    axes.grid(visible=True, alpha=0.3)
    figure.savefig(path, dpi=110)
    plt.close(figure)
