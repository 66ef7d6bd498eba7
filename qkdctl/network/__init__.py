"""A network of nodes as all of them have agreed on it: its description, and the folders with which nodes begin."""
