"""`semisup compare` from a checkout: `python scripts/compare.py --help`."""

import sys

from semisup.cli.compare import main

if __name__ == "__main__":
    sys.exit(main())
