"""Where the process starts: nothing of ours is imported before Ctrl+C ends it quietly."""

import gc
import signal
from importlib import import_module


def main() -> None:
    """Run the command line. Leaves by SystemExit.

    Up to the moment at which the server listens, and answers what has begun before it ends, there
    is nothing that Ctrl+C could spoil: what is stored is stored by transactions. So the signal
    itself ends the process. An exception could come up anywhere in the imports that take most of
    the first second, be reported by anybody, or wait for a thread that waits for a database.
    """
    # Where a shell has put the process into the background, the signal is ignored, and stays so.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    # What is imported stays. Looking through it again and again would take a fifth of the time.
    gc.disable()
    try:
        command_line = import_module("server.cli")
    finally:
        gc.enable()
    command_line.main()
