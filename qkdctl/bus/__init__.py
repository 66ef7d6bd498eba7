"""Messages between this node and the rest of the world; what goes wrong with them stays in here."""
