"""`python -m qkdctl`."""

import sys

from qkdctl.cli.main import main

sys.exit(main())
