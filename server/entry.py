"""The entry point of the process, which handles Ctrl+C before it imports anything of AICMO."""

import gc
import signal
from importlib import import_module


def main() -> None:
    """Run the command line. Leaves by SystemExit.

    Until the server listens, Ctrl+C can do no harm, because the process stores everything in
    transactions. So the signal itself ends the process. An exception would be raised anywhere in
    the imports, which take most of the first second; any code could report it, or it could wait for
    a thread that waits for a database.
    """
    # For a background process of a shell the signal is ignored; leave it so.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    # Imported objects stay: to scan them again and again would take a fifth of the time.
    gc.disable()
    try:
        command_line = import_module("server.cli")
    finally:
        gc.enable()
    command_line.main()
