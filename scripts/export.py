"""Writes a finished run for other programs: `python scripts/export.py run=runs/... out=model.onnx`."""

import sys

from semisup.cli.export import main

if __name__ == "__main__":
    sys.exit(main())
