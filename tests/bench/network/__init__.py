"""How fast networks of QKD links can be simulated, and by whom."""
