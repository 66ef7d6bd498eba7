"""The numbers of a report, from rows made by hand."""

from qkdctl_policies.experiments.document import document_of

from tests.policies.experiments.test_scores import calm, demand, row


def test_wrong_exclusions_are_a_share_of_the_epochs_of_honest_nodes() -> None:
    rows = [
        row("both", demand(), nodes=5, byzantine_nodes=["x", "y"], honest_excluded=["z"], honest_excluded_epochs=4),
        calm("both", demand(), byzantine_nodes=[], honest_excluded_epochs=1),
    ]
    [told] = document_of(rows)["exclusions"]
    assert told == {"arm": "both", "node_epochs": (5 - 2) * 10 + 5 * 10, "without_attack": 1, "under_attack": 4}
