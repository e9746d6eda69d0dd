"""How a database is reached: connections, transactions, and what its errors mean."""
