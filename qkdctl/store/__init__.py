"""What survives the process: the ledger, committed set-points, calibrations, orders, counters and unsent messages."""
