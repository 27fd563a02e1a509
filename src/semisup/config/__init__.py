"""From the command line's values to a complete, checked config."""
