"""Drivers of databases: connections, transactions, and the meaning of errors."""
