"""`semisup predict` from a checkout: `python scripts/predict.py --help`."""

import sys

from semisup.cli.predict import main

if __name__ == "__main__":
    sys.exit(main())
