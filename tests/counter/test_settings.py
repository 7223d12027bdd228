"""Settings: defaults, single overrides, and nothing misspelt passes unnoticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from desk.counter.settings import SettingsWrong, load_settings


def written(folder: Path, text: str) -> Path:
    file = folder / "settings.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_one_key_is_overridden_and_the_rest_keeps_its_default(tmp_path: Path) -> None:
    """A post writes down only what differs."""
    settings = load_settings(written(tmp_path, '[station]\npost = "HAN"\n'))

    assert settings.station.post == "HAN"
    assert settings.station.window == load_settings().station.window


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[enrolment]\nport = 1\n", "enrolment"),
        ("[enrollment]\nprot = 1\n", "enrollment.prot"),
        ('[enrollment]\nport = "80"\n', "enrollment.port"),
        ("[lock]\nidle_minutes = true\n", "lock.idle_minutes"),
        ('[enrollment]\nurl = "https://issue.example:99999"\n', "enrollment.url"),
        ('[enrollment]\nurl = "https://issue.example:x"\n', "enrollment.url"),
        ('[enrollment]\nurl = "https://[bad"\n', "enrollment.url"),
        ('[enrollment]\nurl = "issue.example"\n', "enrollment.url"),
        ('[enrollment]\nurl = "ftp://issue.example"\n', "enrollment.url"),
        ('[enrollment]\nurl = "https://"\n', "enrollment.url"),
        ('[enrollment]\nurl = "https://issue example"\n', "enrollment.url"),
        ('[enrollment]\nurl = "https://발급.example"\n', "enrollment.url"),
        ('[enrollment]\npublic_url = "issue.example/kr"\n', "enrollment.public_url"),
        ("[enrollment]\nport = 65536\n", "enrollment.port"),
        ("[enrollment]\nport = -1\n", "enrollment.port"),
        ("[enrollment]\nbatch = 0\n", "enrollment.batch"),
        ('[enrollment]\nqr = "pages"\n', "enrollment.qr"),
        ('[enrollment]\ndpop = "maybe"\n', "enrollment.dpop"),
        ('[enrollment]\nquirks = ["shared-nonce", "odd"]\n', "enrollment.quirks"),
        ('[enrollment]\nkey_storage = ["high"]\n', "enrollment.key_storage"),
        ("[status]\nlifetime_hours = 23\n", "status.lifetime_hours"),
        ("[status]\nlifetime_hours = 745\n", "status.lifetime_hours"),
        ("post = 'LA'\n", "post"),
        ("[station\n", "settings.toml"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(tmp_path: Path, text: str, key: str) -> None:
    """An unknown section, a misspelt key, another type, a number out of bounds, broken TOML."""
    with pytest.raises(SettingsWrong) as refused:
        load_settings(written(tmp_path, text))

    assert refused.value.facts["key"] == key


@pytest.mark.parametrize(
    "address", ["https://issue.example", "http://127.0.0.1:8080", "https://[2001:db8::1]:8443/kr"]
)
def test_an_address_of_a_service_is_taken(tmp_path: Path, address: str) -> None:
    lines = (f'url = "{address}"', f'public_url = "{address}"', "port = 65535", "batch = 1")
    text = "\n".join(("[enrollment]", *lines))

    assert load_settings(written(tmp_path, text)).enrollment.url == address


def test_a_whole_number_may_stand_for_a_threshold(tmp_path: Path) -> None:
    """``1`` is as good as ``1.0`` where the default has a fraction."""
    assert load_settings(written(tmp_path, "[face]\ndissimilar = 1\n")).face.dissimilar == 1
