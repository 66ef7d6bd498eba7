"""One module for each simulator, to be run with an order as its only argument; prints one JSON line."""
