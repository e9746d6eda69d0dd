"""How long tests wait."""

from typing import Final

SECONDS: Final = 120
"""How long a test waits for something that is certain to come, before it fails.

It bounds a test that hangs, and says nothing of speed: where all is well nothing takes as long,
on a slow machine beside busy processes either.
"""
