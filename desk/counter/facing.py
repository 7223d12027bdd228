"""The face: the officer judges first, then the machine's figure is shown.

The comparison is computed only after the judgement is recorded, so that no one can have
seen it before. Frames are kept beside the case and wiped at delivery.
"""

from __future__ import annotations

import hashlib
import io

import numpy as np
from PIL import Image

from desk.counter import checklog
from desk.counter.officers import Officer
from desk.counter.station import Station
from desk.face.matcher import Matcher
from desk.face.quality import CaptureQuality
from desk.issuance.case import Act, Case, FaceCheck, Judgement, advance
from desk.mrtd.portrait import portrait_rgb
from desk.store import cases
from desk.store.cases import BlobKind
from desk.trouble import Trouble

Frame = np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]


class PictureMissing(Trouble):
    """The chip's portrait or the captured frame is not beside the case."""

    code = "FACE-10"


def judge_face(
    station: Station,
    officer: Officer,
    case: Case,
    frame: Frame,
    quality: CaptureQuality,
    judgement: Judgement,
    matcher: Matcher,
) -> Case:
    """Record the judgement, then compare: FACE_CHECKED. A judgement is final."""
    case, judged_at = station.touched(officer, case), station.now()
    with station.store.read() as session:
        portrait = cases.blob(session, case.number, BlobKind.PORTRAIT)
    if portrait is None:
        raise PictureMissing(case=case.number)
    compared = matcher.compare(portrait_rgb(portrait), frame)
    picture = encode_frame(frame)
    check = FaceCheck(
        judgement=judgement,
        judged_at=judged_at,
        distance=compared.distance,
        band=compared.band.value,
        matcher=compared.matcher,
        matcher_version=compared.version,
        limits=(compared.limits[0], compared.limits[1]),
        inter_eye_px=quality.inter_eye_px,
        frame_sha256=hashlib.sha256(picture).hexdigest(),
    )
    stamp = station.stamp(officer)
    judged = advance(case, Act.JUDGE_FACE, stamp.at, face=check)
    with station.store.write() as session:
        cases.keep_blob(session, stamp, case.number, BlobKind.FACE, "image/jpeg", picture)
        cases.keep_blob(session, stamp, case.number, *checklog.entry(judged, stamp.at))
        cases.save(
            session,
            stamp,
            judged,
            "FACE.JUDGED",
            judgement=judgement.value,
            band=check.band,
            distance=check.distance,
            matcher=check.matcher,
            matcher_version=check.matcher_version,
        )
    return judged


def encode_frame(frame: Frame) -> bytes:
    """The captured frame as it is kept: JPEG, quality 92."""
    target = io.BytesIO()
    Image.fromarray(frame).save(target, "JPEG", quality=92)
    return target.getvalue()
