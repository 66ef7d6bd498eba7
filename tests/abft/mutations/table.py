"""All mutations."""

from tests.abft.mutations import of_replicas, of_rounds, of_safety, of_values

MUTATIONS = (*of_safety.MUTATIONS, *of_rounds.MUTATIONS, *of_values.MUTATIONS, *of_replicas.MUTATIONS)
