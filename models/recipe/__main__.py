"""`python -m recipe STEP`; each step does what is missing and leaves what is there."""

from __future__ import annotations

import sys

from recipe.steps import main

sys.exit(main())
