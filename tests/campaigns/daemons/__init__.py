"""What four daemons, their broker and their links go through, and what is left of it."""
