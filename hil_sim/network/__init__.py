"""Networks of links: what they are built of, and their simulation epoch by epoch."""
