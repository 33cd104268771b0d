"""`python -m bitsim` is `bitsim`."""

import sys

from bitsim.cli import main

sys.exit(main())
