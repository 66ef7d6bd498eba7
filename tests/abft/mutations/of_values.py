"""Guards of reports, echoes, values and weights."""

from tests.abft.mutations.mutation import Mutation

MUTATIONS = (
    Mutation(
        "at least N - f reports", "proposals.py", "            and len(authors) >= electorate.enough_reports\n", "", ""
    ),
    Mutation(
        "one report per node, sorted", "proposals.py", "            and authors == sorted(set(authors))\n", "", ""
    ),
    Mutation("reports of members", "proposals.py", "            and set(authors) <= set(electorate.names)\n", "", ""),
    Mutation(
        "the place in the chain",
        "proposals.py",
        "(value.epoch, value.previous) == (self._chain.epoch, self._chain.previous)\n            and",
        "",
        "",
    ),
    Mutation(
        "each report is certified",
        "proposals.py",
        "found in self._gathering.texts and self._gathering.is_certified(author, found)",
        "found in self._gathering.texts",
        "",
    ),
    Mutation(
        "each report is held",
        "proposals.py",
        "found in self._gathering.texts and self._gathering.is_certified(author, found)",
        "self._gathering.is_certified(author, found)",
        "",
    ),
    Mutation(
        "the value follows from the reports",
        "proposals.py",
        "self._compose(value.reports) == text",
        "self._compose(value.reports) is not None",
        "",
    ),
    Mutation(
        "a leader takes N - f reports at least",
        "proposals.py",
        "len(electorate.members) if everybody else electorate.enough_reports",
        "len(electorate.members) if everybody else 1",
        "",
    ),
    Mutation(
        "a leader needs no more than N - f",
        "proposals.py",
        "len(electorate.members) if everybody else electorate.enough_reports",
        "len(electorate.members)",
        "",
    ),
    Mutation(
        "a leader takes certified reports",
        "gathering.py",
        "sorted(self.certified[author] & self.texts.keys())",
        "sorted(self.certified[author] or self.texts.keys())",
        "",
    ),
    Mutation(
        "N - f", "quorum.py", "return len(self.members) - self.faults", "return len(self.members) - self.faults - 1", ""
    ),
    Mutation(
        "the first report counts", "gathering.py", "if author in self.first or author not in", "if author not in", ""
    ),
    Mutation(
        "reports of members are taken",
        "gathering.py",
        "author not in self._electorate.weights or not self._admissible(author, text)",
        "not self._admissible(author, text)",
        "",
    ),
    Mutation("reports are their author's", "gathering.py", " or not self._admissible(author, text)", "", ""),
    Mutation("what a weak quorum echoes is echoed", "echoes.py", "            self._on_weak(subject)\n", "", ""),
    Mutation(
        "only that",
        "echoes.py",
        "if subject not in self._weak and self._tally.is_weak(subject):",
        "if subject not in self._weak:",
        "",
    ),
    Mutation(
        "certified by a strong quorum",
        "echoes.py",
        "if self._tally.is_strong(subject):",
        "if self._tally.is_weak(subject):",
        "",
    ),
    Mutation("at most N digests per author", "echoes.py", "named >= self._most or subject[0]", "subject[0]", ""),
    Mutation(
        "only members are authors",
        "echoes.py",
        "named >= self._most or subject[0] not in self._electorate.weights or",
        "named >= self._most or",
        "",
    ),
    Mutation(
        "at most N own digests per author",
        "gathering.py",
        "if found not in own and len(own) < self._most:",
        "if found not in own:",
        "",
    ),
    Mutation("what waits is counted in time", "echoes.py", "if self._waiting >= self._room:", "if False:", ""),
    Mutation(
        "room shrinks with what is counted",
        "echoes.py",
        "            self._room = min(self._room, goal - self._tally.weight(subject))\n",
        "            pass\n",
        "",
    ),
    Mutation(
        "a lacking report is fetched",
        "gathering.py",
        "                self._lacking.setdefault(found, []).append(author)\n",
        "                pass\n",
        "",
    ),
    Mutation(
        "strong: more than half of all and the liars",
        "quorum.py",
        "return (self.total + self.byzantine) // 2 + 1",
        "return self.total // 2 + 1",
        "",
    ),
    Mutation(
        "strong: strictly more",
        "quorum.py",
        "return (self.total + self.byzantine) // 2 + 1",
        "return (self.total + self.byzantine) // 2",
        "",
    ),
    Mutation("weak: more than the liars", "quorum.py", "return self.byzantine + 1", "return self.byzantine", ""),
    Mutation(
        "B is of the heaviest",
        "quorum.py",
        "return sum(sorted(weights, reverse=True)[:count])",
        "return sum(sorted(weights)[:count])",
        "",
    ),
    Mutation(
        "weights are capped", "quorum.py", "return [min(weight, low) for weight in weights]", "return list(weights)", ""
    ),
    Mutation(
        "each node weighs once",
        "quorum.py",
        "sum(self.weights.get(node, 0) for node in set(nodes))",
        "sum(self.weights.get(node, 0) for node in nodes)",
        "",
    ),
    Mutation(
        "members weigh, others do not",
        "quorum.py",
        "sum(self.weights.get(node, 0) for",
        "sum(self.weights.get(node, 1000) for",
        "",
    ),
    Mutation(
        "each supporter counts once",
        "tally.py",
        "if node in nodes or node not in self._electorate.weights:",
        "if node not in self._electorate.weights:",
        "",
    ),
    Mutation(
        "supporters weigh what they weigh",
        "tally.py",
        "self._weights[subject] = self._weights.get(subject, 0) + self._electorate.weights[node]",
        "self._weights[subject] = self._weights.get(subject, 0) + 1000",
        "",
    ),
    Mutation(
        "leaders take turns",
        "quorum.py",
        "return self.leaders[(epoch + turn) % len(self.leaders)]",
        "return self.leaders[epoch % len(self.leaders)]",
        "",
    ),
    Mutation(
        "whom nobody trusts does not lead",
        "quorum.py",
        "return trusted if len(trusted) >= 2 * self.faults + 1 else self.names",
        "return self.names",
        "",
    ),
    Mutation(
        "few trusted ones do not lead alone",
        "quorum.py",
        "return trusted if len(trusted) >= 2 * self.faults + 1 else self.names",
        "return trusted or self.names",
        "",
    ),
    Mutation("values are canonical", "value.py", "        if not is_canonical:\n", "        if False:\n", ""),
    Mutation(
        "numbers without end are no value",
        "value.py",
        "RecursionError, OverflowError, json",
        "RecursionError, json",
        "",
    ),
    Mutation(
        "the context binds the decision before",
        "chain.py",
        '"previous": self.previous, "electorate": self.electorate.digest})',
        '"electorate": self.electorate.digest})',
        "",
    ),
    Mutation(
        "the context binds the weights",
        "chain.py",
        '"previous": self.previous, "electorate": self.electorate.digest})',
        '"previous": self.previous})',
        "",
    ),
    Mutation(
        "members of e + 2 decide in e + 2",
        "chain.py",
        "return Chain(self.epoch + 1, decision, self.following, last)",
        "return Chain(self.epoch + 1, decision, last, last)",
        "",
    ),
)
