"""`python -m semisup` is the command `semisup`."""

import sys

from semisup.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
