"""The built-in packager: the documents that a client gets."""
