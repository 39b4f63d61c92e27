"""`python -m safeconduct.cli`."""

from __future__ import annotations

import sys

from safeconduct.cli.main import main

sys.exit(main())
