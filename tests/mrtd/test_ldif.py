"""desk.mrtd.ldif: the directory's files as they are handed out (RFC 2849)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.mrtd import ldif
from desk.mrtd.ldif import Entry, LdifUnreadable, Value
from desk.training import csca_lists

NAME = "cn=CN\\=Signer\\,C\\=KR,o=dsc,c=KR,dc=data,dc=download,dc=pkd,dc=icao,dc=int"


def parse(text: str) -> list[Entry]:
    return list(ldif.parse(text.encode()))


def test_an_entry_with_folded_base64() -> None:
    content = bytes(range(200))
    raw = csca_lists.directory({NAME: [("userCertificate;binary", content)]})

    (entry,) = ldif.parse(raw)

    assert b"\n " in raw
    assert entry.dn == NAME
    assert entry.values == (
        Value("objectclass", b"pkdDownload"),
        Value("usercertificate", content),
    )


def test_several_entries_comments_and_line_ends() -> None:
    text = (
        "version: 1\r\n# a comment\r\n  that goes on\r\n\r\n\r\ndn: cn=one\r\nsn: 1\r\n\r\n"
        "DN:: Y249dHdv\r\npkdVersion: 70\r\n"
    )

    one, two = parse(text)

    assert (one.dn, one.values) == ("cn=one", (Value("sn", b"1"),))
    assert (two.dn, two.values) == ("cn=two", (Value("pkdversion", b"70"),))


def test_a_mark_of_the_byte_order_is_passed_over() -> None:
    (entry,) = ldif.parse(b"\xef\xbb\xbfdn: cn=one\n")

    assert entry.dn == "cn=one"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("userCertificate;binary:: AB*D", "base64 does not read"),
        ("userCertificate;binary:: QUJ", "base64 does not read"),
        ("userCertificate;binary:< file:///etc/passwd", "value kept elsewhere"),
        ("a line of nothing", "line without a colon"),
    ],
)
def test_values_that_do_not_read_say_why(line: str, reason: str) -> None:
    (entry,) = parse(f"dn: cn=one\n{line}\n")

    (value,) = entry.values
    assert (value.content, value.reason) == (b"", reason)


@pytest.mark.parametrize("raw", [b"", b"hello", b"\x30\x82\x01\x00", b"# only a comment\n"])
def test_other_files_are_no_ldif(raw: bytes) -> None:
    assert not ldif.is_ldif(raw)
    with pytest.raises(LdifUnreadable):
        list(ldif.parse(raw))


def test_a_file_beyond_all_measure_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ldif, "MAX_FILE", 100)

    with pytest.raises(LdifUnreadable):
        list(ldif.parse(b"dn: cn=one\n" + b"# " * 60))


@given(st.binary(max_size=200))
def test_arbitrary_bytes_behind_a_first_entry_are_read(noise: bytes) -> None:
    for entry in ldif.parse(b"dn: cn=one\n" + noise):
        assert all(isinstance(value.content, bytes) for value in entry.values)


@given(st.binary(max_size=500))
def test_what_is_written_is_read(content: bytes) -> None:
    (entry,) = ldif.parse(csca_lists.directory({"cn=one": [("userCertificate;binary", content)]}))

    assert entry.values[-1].content == content
