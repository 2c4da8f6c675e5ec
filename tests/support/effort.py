"""How hard to try: ``COREPY_TEST_EXAMPLES`` multiplies examples and durations."""

import os

from hypothesis import settings

EFFORT = float(os.environ.get("COREPY_TEST_EXAMPLES", "1"))


def examples(count):
    """Decorates a test by properties: about `count` examples at the default effort."""
    return settings(max_examples=max(1, round(count * EFFORT)))
