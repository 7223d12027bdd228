"""What may tell of a person goes into a shared database sealed, and opens only in its place."""

from __future__ import annotations

from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import JSON, LargeBinary, String, Text, insert

from desk.issuance.case import open_case
from desk.store import cases, meta
from desk.store.cells import Cells, RowId
from desk.store.database import Store, StoreKind
from desk.store.journal import Stamp
from desk.store.key import RecordsKey, new_key
from desk.store.models import Base, CaseBlobRow
from desk.store.sealing import Sealable, Unsealed
from desk.store.troubles import CellAltered, KeyReplaced, NotOpened
from tests.store.conftest import SharedGround

# Every column that could hold a text or bytes of any kind and is not sealed, with what it
# holds. A new column is sealed, or it is written down here because it tells of nobody.
OPEN = {
    "audit_events.line": "codes, counts and digests by whitelist; verified without the key",
    "audit_nodes.hash": "digests over the log",
    "audit_seals.note": "a log's size, root and signatures; published to a second place as it is",
    "audit_seals.certificates": "digests of certificates",
    "audit_seals.officers": "identifiers as the log has them",
    "day_closes.checkpoint": "a log's size and root, as its seal has them",
    "register_sealed_a.overseas_key": "a keyed digest",
    "register_sealed_a.passport_key": "a keyed digest",
    "register_sealed_a.person_key": "a keyed digest",
    "register_sealed_a.hangul_key": "a keyed digest",
    "register_sealed_b.overseas_key": "a keyed digest",
    "register_sealed_b.passport_key": "a keyed digest",
    "register_sealed_b.person_key": "a keyed digest",
    "register_sealed_b.hangul_key": "a keyed digest",
    "intents.status_uri": "the address of a published status list",
    "key_ring.document": "the key wrapped to cards, and public facts; read before any key is",
}


def _is_long(kind: object) -> bool:
    """A text with room for more than a code, a digest or a card's name."""
    return isinstance(kind, String) and (kind.length is None or kind.length > 80)


rows = st.lists(st.one_of(st.text(max_size=8), st.integers()), min_size=1, max_size=3).map(tuple)


def test_every_column_is_sealed_or_open_for_a_reason() -> None:
    found = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        if table.info.get("only") != "sqlite"
        for column in table.columns
        if isinstance(column.type, LargeBinary | JSON) or _is_long(column.type)
    }

    assert found == set(OPEN)


@given(st.binary(max_size=200), rows, rows)
def test_opens_in_its_own_place_only(plain: bytes, row: RowId, other: RowId) -> None:
    cells = Cells(RecordsKey(bytes(32)))

    sealed = cells.seal(plain, "cases", "record", row)

    assert cells.open(sealed, "cases", "record", row) == plain
    places = [("cases", "record", other), ("cases", "holder", row), ("intents", "record", row)]
    for table, column, place in places:
        if (table, column, place) != ("cases", "record", row):
            with pytest.raises(CellAltered):
                cells.open(sealed, table, column, place)
    with pytest.raises(CellAltered):
        cells.open(sealed, "cases", "record", row, batch="2")


@given(st.binary(max_size=60), st.data())
def test_no_bit_may_change(plain: bytes, data: st.DataObject) -> None:
    """Whatever bit of nonce, ciphertext or tag is turned; a turned key id names another key."""
    cells = Cells(RecordsKey(bytes(32)))
    sealed = bytearray(cells.seal(plain, "cases", "record", ("1",)))
    bit = data.draw(st.integers(0, 8 * len(sealed) - 1))

    sealed[bit // 8] ^= 1 << bit % 8

    with pytest.raises((CellAltered, KeyReplaced)) as refused:
        cells.open(bytes(sealed), "cases", "record", ("1",))
    assert isinstance(refused.value, KeyReplaced) == (8 <= bit < 72)


@given(st.binary(max_size=40), st.integers(0, 60))
def test_cut_off_is_refused(plain: bytes, length: int) -> None:
    cells = Cells(RecordsKey(bytes(32)))
    sealed = cells.seal(plain, "cases", "record", ("1",))

    if length < len(sealed):
        with pytest.raises(CellAltered):
            cells.open(sealed[:length], "cases", "record", ("1",))


def test_lookups_are_keyed_and_apart() -> None:
    """Equal for equal values of one purpose; other with another key, purpose or division."""
    cells, other = Cells(RecordsKey(bytes(32))), Cells(RecordsKey(b"\x01" * 32))

    assert cells.lookup("a", "x", "y") == cells.lookup("a", "x", "y")
    several = {
        cells.lookup("a", "x", "y"),
        cells.lookup("b", "x", "y"),
        cells.lookup("a", "xy"),
        cells.lookup("a", "x", "y", ""),
        other.lookup("a", "x", "y"),
    }
    assert len(several) == 5


def test_same_value_never_looks_the_same() -> None:
    cells = Cells(RecordsKey(bytes(32)))

    assert len({cells.seal(b"same", "cases", "record", ("1",)) for _ in range(50)}) == 50


def test_column_refuses_what_is_not_sealed(shared: SharedGround, key: RecordsKey) -> None:
    """Whatever way a later function takes: plain bytes do not get into the database."""
    store = Store.open(shared.place, key, StoreKind.TRAINING)

    with pytest.raises(Exception, match="Unsealed") as refused, store.load() as connection:
        connection.execute(insert(CaseBlobRow).values(case_number="1", kind="DG1", data=b"plain"))

    assert isinstance(refused.value.__cause__ or refused.value, Unsealed)
    store.close()


def test_moved_between_cases(shared: SharedGround, key: RecordsKey, stamp: Stamp) -> None:
    """Somebody with the database exchanges two cases: neither is shown as the other."""
    store = Store.open(shared.place, key, StoreKind.TRAINING)
    with store.write() as session:
        for number in ("LA-2026-000001", "LA-2026-000002"):
            cases.add(session, stamp, open_case(number, "LA", "3", "T-001", "이서준", stamp.at))
    with closing(shared.database.connect()) as connection:
        connection.execute(
            "UPDATE cases SET record = (SELECT record FROM cases WHERE number = 'LA-2026-000001')"
        )

    with store.read() as session, pytest.raises(CellAltered) as refused:
        cases.load(session, "LA-2026-000002")
    with store.read() as session:
        kept = cases.load(session, "LA-2026-000001")
    store.close()

    assert refused.value.facts == {"table": "cases", "column": "record"}
    assert kept.number == "LA-2026-000001"


def test_other_key_is_refused(shared: SharedGround) -> None:
    with pytest.raises(NotOpened):
        Store.open(shared.place, new_key(), StoreKind.TRAINING)


def test_replaced_key_is_told(shared: SharedGround, key: RecordsKey, stamp: Stamp) -> None:
    """A desk that still has the former key writes nothing under it."""
    store = Store.open(shared.place, key, StoreKind.TRAINING)
    other = Cells(new_key())
    with closing(shared.database.connect()) as connection:
        connection.execute("UPDATE key_ring SET key_id = %s", [other.key_id.hex()])

    with pytest.raises(KeyReplaced), store.write() as session:
        meta.put(session, "any", "thing")

    store.close()
    with closing(shared.database.connect()) as connection:
        connection.execute("UPDATE key_ring SET key_id = %s", [Cells(key).key_id.hex()])


def test_columns_know_how_to_go_back() -> None:
    """What a column of each kind holds comes back as it was."""
    for column, value in (
        (Sealable(JSON()), {"한글": [1, None, "x"]}),
        (Sealable(Text()), "한글"),
        (Sealable(LargeBinary()), b"\x00\xff"),
    ):
        assert column.from_bytes(column.to_bytes(value)) == value
