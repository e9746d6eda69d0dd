"""How fast the API answers, measured from outside: run `make bench`."""
