"""The settings, all of them from environment variables.

`values.py` has the types of values, `fields.py` what may be set, `combined.py` what that means
together, and `environment.py` reads the variables.
"""

from server.settings.combined import Settings
from server.settings.environment import SettingsError, load_settings, variable_of_port
from server.settings.fields import MEBIBYTE, OutageMode

__all__ = [
    "MEBIBYTE",
    "OutageMode",
    "Settings",
    "SettingsError",
    "load_settings",
    "variable_of_port",
]
