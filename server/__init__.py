"""How it is served: settings, composition root, HTTP and command line."""
