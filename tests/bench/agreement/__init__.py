"""What an agreement costs: time, processor and key, next to the least that any such protocol does."""
