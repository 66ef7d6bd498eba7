"""The agreement at work: a replica with its store, its keys and its peers."""
