"""Print the table."""

from __future__ import annotations

import sys

from tests.enrollment.wrong import table

sys.stdout.write(table() + "\n")
