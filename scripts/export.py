"""`semisup export` from a checkout: `python scripts/export.py --help`."""

import sys

from semisup.cli.export import main

if __name__ == "__main__":
    sys.exit(main())
