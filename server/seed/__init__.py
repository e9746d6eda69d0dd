"""Example data: a small agency to look at, and as many packages as a benchmark wants."""
