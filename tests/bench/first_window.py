"""From the start of the process to the first painted window: the desk against bare PySide6.

    python -m tests.bench.first_window [RUNS]

Both are started in turn, so that a machine whose speed drifts slows both alike. What the
desk opens behind its first page (records, service, devices) is not part of the figure.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile

WATCH = """
import sys, time
from PySide6.QtCore import QEvent, QObject
class Watch(QObject):
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint:
            print(time.time() - float(sys.argv[1]))
            sys.stdout.flush()
            import os
            os._exit(0)
        return False
"""
BARE = (
    WATCH
    + """
from PySide6.QtWidgets import QApplication, QLabel
app = QApplication([])
window = QLabel("desk")
watch = Watch()
window.installEventFilter(watch)
window.resize(1440, 900)
window.show()
app.exec()
"""
)
DESK = (
    """
import sys
from pathlib import Path
from desk.app.home import Home
from desk.app.window import make_front
from desk.counter.settings import load_settings
from desk.ui.start import make_application
"""
    + WATCH
    + """
home = Home.make(Path(sys.argv[2])).training
app = make_application()
front = make_front(load_settings(home.settings), training=True)
watch = Watch()
front.sign_in.installEventFilter(watch)
front.window.show()
app.exec()
"""
)


def one(code: str, home: str) -> float:
    """Seconds from the start of the process to the first paint."""
    import time

    environment = {**os.environ, "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen")}
    done = subprocess.run(
        [sys.executable, "-c", code, str(time.time()), home],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    return float(done.stdout.split()[-1])


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    with tempfile.TemporaryDirectory() as home:
        one(BARE, home), one(DESK, home)
        pairs = [(one(BARE, home), one(DESK, home)) for _ in range(runs)]
    for name, place in (("bare PySide6 window", 0), ("desk, sign-in page", 1)):
        times = sorted(pair[place] * 1000 for pair in pairs)
        middle = statistics.median(times)
        print(f"{name:22} min {times[0]:6.0f}  median {middle:6.0f}  max {times[-1]:6.0f} ms")


if __name__ == "__main__":
    main()
