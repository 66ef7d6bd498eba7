"""TOML files, environment and flags -> one frozen configuration, or every problem at once with its line and a hint."""
