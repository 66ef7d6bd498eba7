"""The optical world: what lies between the instruments of a link and couples them."""
