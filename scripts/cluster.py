"""`semisup cluster` from a checkout: `python scripts/cluster.py --help`."""

import sys

from semisup.cli.cluster import main

if __name__ == "__main__":
    sys.exit(main())
