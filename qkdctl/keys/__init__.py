"""Where the keys come from that authenticate messages between nodes."""
