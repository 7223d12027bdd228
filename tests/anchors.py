"""A training country as the tests trust it: its signer, and a fresh list that revokes nobody."""

from __future__ import annotations

from datetime import datetime

from desk.mrtd import certificates
from desk.mrtd.anchors import Anchor, AnchorSet, KnownList
from desk.training import csca_lists
from desk.training.csca import COUNTRY, TrainingCsca


def trusting(country: TrainingCsca, at: datetime) -> AnchorSet:
    anchor = Anchor.of(certificates.parse(country.country.certificate), "test", at)
    empty = csca_lists.revocation_list(country.country, (), at)
    return AnchorSet([anchor], [KnownList(COUNTRY, empty, at)])
