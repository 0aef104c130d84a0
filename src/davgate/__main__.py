"""``python -m davgate`` is the ``davgate`` command."""

import sys

from davgate.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
