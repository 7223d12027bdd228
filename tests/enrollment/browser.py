"""A headless Chromium for tests: pages opened at a phone's size, looked at, checked.

Spoken to over its own pipe (``--remote-debugging-pipe``: JSON messages ending with NUL),
so that neither a port nor a driver's package is needed.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


def program() -> str | None:
    """The Chromium of this machine."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


class Browser:
    """One browser process; ``asked`` lists every address a page has asked for."""

    def __init__(self, path: str, folder: Path) -> None:
        to_browser, write = os.pipe()
        read, from_browser = os.pipe()
        # Chromium reads its orders at descriptor 3 and answers at 4. A sandbox of its own
        # needs rights that a test machine's root does not give it.
        order = f'exec "$0" "$@" 3<&{to_browser} 4>&{from_browser}'
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe"]
        options += ["--no-first-run", "--disable-background-networking", "--lang=en-US"]
        options += ["--disable-dev-shm-usage", f"--user-data-dir={folder}", "about:blank"]
        self._process = subprocess.Popen(
            ["bash", "-c", order, path, *options],
            pass_fds=(to_browser, from_browser),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        self._write = os.fdopen(write, "wb", buffering=0)
        self._read = os.fdopen(read, "rb")
        self._rest = b""
        self._last = 0
        self._session = ""
        self._events: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self._attach()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError, AssertionError):
            self._call("Browser.close", session=False)
        self._write.close()
        self._process.wait(20)
        self._read.close()

    # What tests ask

    def open(
        self, url: str, *, width: int = 390, height: int = 844, text: float = 1.0, lang: str = "en"
    ) -> None:
        """Load a page whole; ``text`` enlarges letters as a phone's own setting does."""
        self.asked.clear()
        screen = {"width": width, "height": height, "deviceScaleFactor": 2, "mobile": True}
        self._call("Emulation.setDeviceMetricsOverride", **screen)
        self._call("Network.setExtraHTTPHeaders", headers={"Accept-Language": lang})
        self._events.clear()
        self._call("Page.navigate", url=url)
        self._wait("Page.loadEventFired")
        if text != 1.0:
            self.run(f"document.documentElement.style.fontSize = '{text * 100}%'")

    def run(self, script: str) -> Any:
        """The value of an expression in the page; a promise's once it is kept."""
        answer = self._call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def cookies(self) -> list[Any]:
        found: list[Any] = self._call("Network.getCookies")["cookies"]
        return found

    def picture(self, path: Path, *, whole: bool = True) -> None:
        """A PNG of the page."""
        shot = self._call("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))

    # The pipe

    def _attach(self) -> None:
        targets = self._call("Target.getTargets", session=False)["targetInfos"]
        page = next(one["targetId"] for one in targets if one["type"] == "page")
        attached = self._call("Target.attachToTarget", session=False, targetId=page, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Network", "Runtime"):
            self._call(f"{domain}.enable")

    def _call(self, method: str, *, session: bool = True, **parameters: Any) -> dict[str, Any]:
        self._last += 1
        message = {"id": self._last, "method": method, "params": parameters}
        if session:
            message["sessionId"] = self._session
        self._write.write(json.dumps(message).encode() + b"\0")
        for said in self._messages():
            if said.get("id") == self._last:
                assert "error" not in said, said["error"]
                result: dict[str, Any] = said["result"]
                return result
            self._note(said)
        raise AssertionError("the browser ended")

    def _wait(self, event: str) -> None:
        if any(said.get("method") == event for said in self._events):
            return
        for said in self._messages():
            self._note(said)
            if said.get("method") == event:
                return
        raise AssertionError("the browser ended")

    def _note(self, said: dict[str, Any]) -> None:
        self._events.append(said)
        if said.get("method") == "Network.requestWillBeSent":
            self.asked.append(said["params"]["request"]["url"])

    def _messages(self) -> Iterator[dict[str, Any]]:
        while True:
            message, separator, rest = self._rest.partition(b"\0")
            if separator:
                self._rest = rest
                yield json.loads(message)
                continue
            part = os.read(self._read.fileno(), 1 << 16)
            if not part:
                return
            self._rest += part
