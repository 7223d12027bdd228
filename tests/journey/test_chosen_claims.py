"""What a ministry may choose of a credential: the passport's files, and the portrait's size."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from pathlib import Path

from PIL import Image

from desk.credential.claims import Format
from desk.enrollment.process import ServiceProcess
from desk.mrtd import lds, sod
from desk.store import cases
from desk.store.cases import BlobKind
from tests.journey.acts import Counter, Holder, only_case, opened, settings_with

FILES = {"dg1": BlobKind.DG1, "dg2": BlobKind.DG2, "sod": BlobKind.EF_SOD}


def test_the_passports_files_reach_the_phone_unchanged(
    approved_home: Path, service: ServiceProcess
) -> None:
    """TS 23220-4 annex C: DG1, DG2 and SOD byte for byte, so that the passport's own signature
    still covers them; the SD-JWT VC says none of it."""
    plain = settings_with(service.url)
    chosen = replace(
        plain.credential, passport_data_groups=True, portrait_width=240, portrait_bytes=8_000
    )
    settings = replace(plain, credential=chosen)

    with (
        opened(approved_home, settings=settings) as rehearsal,
        Holder(rehearsal.authority) as holder,
    ):
        counter = Counter.begin(rehearsal)
        approved = only_case(rehearsal)
        assert approved is not None
        case = counter.deliver(approved, holder)
        with rehearsal.station.store.read() as session:
            kept = {name: cases.blob(session, case.number, kind) for name, kind in FILES.items()}
        cards = {card.format: card.verified.disclosed for card in holder.phone.cards}

    mdoc, sd_jwt = cards[Format.MDOC], cards[Format.SD_JWT]
    shown = {path[1]: mdoc[path] for path in mdoc if path[0] == "org.iso.23220.datagroups.1"}
    assert shown == kept
    hashes = sod.hashes(sod.message(shown["sod"]).content)
    for number, name in ((1, "dg1"), (2, "dg2")):
        assert hashes.by_group[number] == hashlib.new(hashes.algorithm, shown[name]).digest()
    zone = mdoc["org.iso.23220.photoid.1", "travel_document_mrz"]
    assert zone == lds.zone_of_dg1(shown["dg1"])
    assert mdoc["org.iso.23220.photoid.1", "travel_document_type"] == zone[:2].rstrip("<")
    assert not {path[-1] for path in sd_jwt} & {*FILES, "travel_document_mrz"}
    portrait = mdoc["org.iso.23220.1", "portrait"]
    assert len(portrait) <= 8_000
    assert Image.open(io.BytesIO(portrait)).width <= 240
