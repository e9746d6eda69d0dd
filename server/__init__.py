"""The server: settings, composition root, HTTP and command line."""
