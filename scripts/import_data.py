"""`semisup import` from a checkout: `python scripts/import_data.py --help`."""

import sys

from semisup.cli.import_data import main

if __name__ == "__main__":
    sys.exit(main())
