"""What anybody can check of a node's ledger: its hash chain, the chain of decisions, and what follows from reports."""
