"""Producers: who makes and checks content. Each is behind a port, with a built-in of our own."""
