"""Random processes of a quantum link: what changes by itself between two looks at it, for many links at once."""
