"""The servers in Python that stand beside ours, each a module to be run."""
