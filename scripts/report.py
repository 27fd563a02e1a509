"""`semisup report` from a checkout: `python scripts/report.py --help`."""

import sys

from semisup.cli.report import main

if __name__ == "__main__":
    sys.exit(main())
