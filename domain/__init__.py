"""Immutable records, commands, rules and errors, by the standard library alone."""
