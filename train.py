"""`semisup train` from a checkout: `python train.py method=pseudo_label data=cifar10`."""

import sys

from semisup.cli.train import main

if __name__ == "__main__":
    sys.exit(main())
