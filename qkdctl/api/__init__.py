"""HTTP over a unix socket: what people and programs may ask a running node, and who may ask for what."""
