"""What things are: immutable records, commands, rules and errors. Standard library only."""
