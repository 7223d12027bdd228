"""What the operating system tells beside the smartcard service."""

from __future__ import annotations

from pathlib import Path

import pytest

from desk.cards import machine


def interface(devices: Path, name: str, kind: str | None) -> None:
    folder = devices / name
    folder.mkdir(parents=True)
    if kind is not None:
        (folder / "bInterfaceClass").write_text(f"{kind}\n", encoding="ascii")


def test_readers_on_usb_are_counted_by_device(tmp_path: Path) -> None:
    """Names as Linux gives them: device 1-2, its interface 1-2:1.0. A keyboard is no reader."""
    interface(tmp_path, "1-2", None)
    interface(tmp_path, "1-2:1.0", "0b")
    interface(tmp_path, "1-3:1.0", "0b")
    interface(tmp_path, "1-3:1.1", "0b")
    interface(tmp_path, "1-4:1.0", "03")
    interface(tmp_path, "1-5:1.0", None)

    assert machine.plugged_readers(tmp_path) == 2


def test_a_system_that_lists_no_usb_tells_nothing(tmp_path: Path) -> None:
    assert machine.plugged_readers(tmp_path / "none") is None


@pytest.mark.parametrize(
    ("environment", "session", "remote"),
    [
        ({"XRDP_SESSION": "1"}, None, True),
        ({"SSH_CONNECTION": "192.0.2.1 5 192.0.2.2 22"}, None, True),
        ({"XDG_SESSION_ID": "7"}, "UID=1000\nREMOTE=1\n", True),
        ({"XDG_SESSION_ID": "7"}, "UID=1000\nREMOTE=0\n", False),
        ({"XDG_SESSION_ID": "7"}, "UID=1000\n", None),
        ({"XDG_SESSION_ID": "7"}, None, None),
        ({"XDG_SESSION_ID": "../7"}, None, None),
        ({}, None, None),
    ],
)
def test_a_remote_session_is_told_where_something_marks_it(
    tmp_path: Path, environment: dict[str, str], session: str | None, remote: bool | None
) -> None:
    if session is not None:
        (tmp_path / "7").write_text(session, encoding="ascii")

    assert machine.is_remote(environment, tmp_path) is remote


def test_this_machine_can_be_looked_at() -> None:
    """Nothing is raised, whatever the platform tells."""
    assert machine.look_around().plugged in (None, *range(100))
