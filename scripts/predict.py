"""Labels images with a finished run: `python scripts/predict.py run=runs/... images=photos out=labels.csv`."""

import sys

from semisup.cli.predict import main

if __name__ == "__main__":
    sys.exit(main())
