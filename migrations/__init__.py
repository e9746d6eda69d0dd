"""How the database's schema came to be: one revision after another, each of which can be undone."""
