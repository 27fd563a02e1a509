"""`semisup auto` from a checkout: `python scripts/auto.py --help`."""

import sys

from semisup.cli.auto import main

if __name__ == "__main__":
    sys.exit(main())
