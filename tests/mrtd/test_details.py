"""desk.mrtd.details: what issuers write beyond the zone, as the standard has it and as they do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.iso7816 import tlv
from desk.mrtd import details
from desk.mrtd.details import Details, Name, PartialDate
from desk.mrtd.troubles import FileMalformed

# Doc 9303-10 appendix A.5, with the two lengths that are misprinted there put right (so does
# gmrtd, document/dg11_test.go).
DG11 = bytes.fromhex(
    "6B605C0A5F0E5F115F425F125F135F0E0D534D4954483C3C4A4F484E3C4A5F110A414E59544F574E3C4D4E"
    "5F4217313233204D41504C452052443C414E59544F574E3C4D4E5F120B31363132353535313231325F130C"
    "54524156454C3C4147454E54"
)
# As Chinese passports write other names, bare (gmrtd, document/dg11_test.go).
DG11_BARE = bytes.fromhex("6B1B5C045F0E5F0F5F0E06E8B5B5E5BDAC5F0F095A48414F3C3C42494E")
# Adapted from a New Zealand passport, without a holder's data (gmrtd, document/dg12_test.go).
DG12_MOMENT = bytes.fromhex("6C205C045F555F565F550E32303136313131353031333631325F56064E2D34393632")
# Doc 9303-10 appendix A.6.
DG16 = bytes.fromhex(
    "7081A2020102A14C5F500832303032303130315F5110534D4954483C3C434841524C45533C525F520B3139"
    "3532353535313231325F531D313233204D41504C452052443C414E59544F574E3C4D4E3C3535313030A24F"
    "5F500832303032303331355F510D42524F574E3C3C4D4152593C4A5F520B31343135353535313231325F53"
    "23343920524544574F4F44204C4E3C4F4345414E20425245455A453C43413C3934303030"
)


def dg11(tag: int, value: bytes) -> bytes:
    return tlv.encode(0x6B, tlv.encode(0x5C, tlv.tag_bytes(tag)), tlv.encode(tag, value))


def test_the_person_of_the_standards_example() -> None:
    person = details.parse_dg11(DG11)

    assert person.name == Name("SMITH", "JOHN J")
    assert person.birth_place == ("ANYTOWN", "MN")
    assert person.address == ("123 MAPLE RD", "ANYTOWN", "MN")
    assert person.telephone == "16125551212"
    assert person.profession == "TRAVEL AGENT"
    assert (person.other_names, person.birth, person.title) == ((), None, "")


def test_names_of_the_persons_own_script() -> None:
    person = details.parse_dg11(DG11_BARE)

    assert person.name == Name("赵彬")
    assert person.other_names == (Name("ZHAO", "BIN"),)


def test_other_names_behind_their_number() -> None:
    """Clause 4.7.11: A0 holds their number and the names."""
    names = tlv.encode(
        0xA0,
        tlv.encode(0x02, b"\x02"),
        tlv.encode(0x5F0F, b"KIM<<HANEUL"),
        tlv.encode(0x5F0F, "김<<하늘".encode()),
    )

    person = details.parse_dg11(tlv.encode(0x6B, names))

    assert person.other_names == (Name("KIM", "HANEUL"), Name("김", "하늘"))


def test_hangul_is_composed() -> None:
    """Letters that came apart (NFD) are the same name."""
    apart = "\u1100\u1175\u11b7<<\u1112\u1161\u1102\u1173\u11af".encode()

    assert details.parse_dg11(dg11(0x5F0E, apart)).name == Name("김", "하늘")


@pytest.mark.parametrize("value", [b"\xb1\xe8", "A\u202eB".encode(), b"A\x1b[2J", b"A\x00B"])
def test_what_may_not_stand_on_a_screen_is_replaced(value: bytes) -> None:
    """Another encoding (EUC-KR), a turned direction, a terminal's escape, a zero."""
    shown = details.parse_dg11(dg11(0x5F13, value)).profession

    assert "\ufffd" in shown
    assert not any(character in shown for character in "\u202e\x1b\x00")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"19910314", PartialDate(1991, 3, 14)),
        (b"\x19\x91\x03\x14", PartialDate(1991, 3, 14)),  # packed, as some issuers write it
        (b"19910300", PartialDate(1991, 3)),
        (b"19910000", PartialDate(1991)),
        (b"1991<<<<", PartialDate(1991)),
        (b"1991XXXX", PartialDate(1991)),
        (b"19910014", PartialDate(1991)),  # a day of no month
        (b"199103", PartialDate(1991, 3)),
        (b"1991", PartialDate(1991)),
        (b"\x19\x91\x00\x00", PartialDate(1991)),
        (b"19911301", None),
        (b"19910332", None),
        (b"00000000", None),
        (b"910314", None),
        (b"1991-3-1", None),
        (b"\xff\xff\xff\xff", None),
        (b"", None),
    ],
)
def test_dates_may_be_truncated_or_packed(value: bytes, expected: PartialDate | None) -> None:
    assert details.parse_dg11(dg11(0x5F2B, value)).birth == expected


def test_a_date_shows_as_far_as_it_is_known() -> None:
    assert str(PartialDate(1991)) == "1991"
    assert str(PartialDate(1991, 3)) == "1991-03"
    assert str(PartialDate(1991, 3, 4)) == "1991-03-04"


def test_the_document() -> None:
    document = details.parse_dg12(DG12_MOMENT)
    assert document.personalised_at == "20161115013612"
    assert document.personalisation_system == "N-4962"

    raw = tlv.encode(
        0x6C,
        tlv.encode(0x5F19, "외교부<MINISTRY OF FOREIGN AFFAIRS".encode()),
        tlv.encode(0x5F26, b"\x20\x23\x05\x02"),
        tlv.encode(0xA0, b"\x02\x01\x01", tlv.encode(0x5F1A, b"SMITH<<BRENDA<P")),
        tlv.encode(0x5F1D, b"\xff\xd8\xff"),
        tlv.encode(0x5F55, bytes.fromhex("20171115013612")),
    )
    document = details.parse_dg12(raw)
    assert document.authority == "외교부 MINISTRY OF FOREIGN AFFAIRS"
    assert document.issued == PartialDate(2023, 5, 2)
    assert document.other_persons == (Name("SMITH", "BRENDA P"),)
    assert document.front == b"\xff\xd8\xff"
    assert document.personalised_at == "20171115013612"


def test_persons_to_notify_of_the_standards_example() -> None:
    first, second = details.parse_dg16(DG16)

    assert first.recorded == PartialDate(2002, 1, 1)
    assert first.name == Name("SMITH", "CHARLES R")
    assert first.address == ("123 MAPLE RD", "ANYTOWN", "MN", "55100")
    assert second.name == Name("BROWN", "MARY J")
    assert second.telephone == "14155551212"


def test_displayed_signatures_and_optional_details() -> None:
    signature = tlv.encode(0x67, b"\x02\x01\x01", tlv.encode(0x5F43, b"\xff\xd8\xffpicture"))

    assert details.parse_dg7(signature) == (b"\xff\xd8\xffpicture",)
    assert details.parse_dg13(tlv.encode(0x6D, b"\x01\x02")) == b"\x01\x02"


def test_all_groups_together_name_the_ones_that_do_not_read() -> None:
    read = details.parse({"DG11": DG11, "DG12": b"\x6c\x03\x5f\x19\x7f", "DG1": b"", "DG16": DG16})

    assert read.person is not None
    assert read.document is None
    assert len(read.notify) == 2
    assert read.unreadable == (12,)
    assert details.parse({}) == Details()


def test_a_text_without_end_is_read_to_its_limit() -> None:
    """Marks over marks are sorted one by one: a file of nothing else took twenty seconds."""
    marks = "a" + "\u0315\u0300" * 60_000

    read = details.parse_dg12(tlv.encode(0x6C, tlv.encode(0x5F19, marks.encode())))

    assert len(read.authority.encode()) <= 4096 + 2
    assert read.authority.startswith("\u00e0\u0300")


def test_a_persons_data_stay_out_of_repr() -> None:
    read = details.parse({"DG11": DG11, "DG12": DG12_MOMENT, "DG16": DG16})

    shown = repr(read) + repr(read.person) + repr(read.notify)
    for value in ("SMITH", "JOHN", "MAPLE", "5551212"):
        assert value not in shown


@given(noise=st.binary(max_size=120))
def test_arbitrary_bytes_are_refused_by_name(noise: bytes) -> None:
    for group, tag in ((7, 0x67), (11, 0x6B), (12, 0x6C), (13, 0x6D), (16, 0x70)):
        for raw in (noise, tlv.encode(tag, noise), tlv.encode(tag, tlv.encode(0xA1, noise))):
            read = details.parse({f"DG{group}": raw})
            assert read.unreadable in ((), (group,))


def test_a_file_of_another_tag_is_refused() -> None:
    with pytest.raises(FileMalformed):
        details.parse_dg11(DG16)
