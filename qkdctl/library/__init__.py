"""Policy files of a node: how they come in, what they have been through, and which of them are at hand."""
