"""The simulated world: optical links, instruments at real endpoints, and what goes wrong with them."""
