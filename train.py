"""Trains: `python train.py method=pseudo_label data=cifar10`. `python train.py --help` names the options."""

from semisup.cli.train import main

if __name__ == "__main__":
    main()
