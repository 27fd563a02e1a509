"""From the command line's values to a complete, checked config."""

from typing import Any

Config = dict[str, Any]
