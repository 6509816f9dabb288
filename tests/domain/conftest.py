"""How many worlds each property is tried on: `HYPOTHESIS_PROFILE=ci` for the full number."""

import os

from hypothesis import settings

settings.register_profile("ci", max_examples=1000, deadline=None)
settings.register_profile("quick", max_examples=150, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
