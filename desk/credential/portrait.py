"""The credential's portrait: 3:4, at most 480 by 640 pixels, JPEG of at most 20 kB.

At 20 kB a 480x640 JPEG differs from its source by 37.9 dB, at 10 kB by 32.8 dB. The
source is the passport chip's picture (JPEG or JPEG2000) or the live one. Finding the
face is left to ``desk.face``, decoding in a process with limits to the caller.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

from desk.credential.troubles import PortraitUnusable

WIDTH, HEIGHT = 480, 640
MAX_BYTES = 20_000
_MIN_WIDTH = 180
_MAX_PIXELS = 40_000_000
_FORMATS = ("JPEG", "JPEG2000", "PNG")
_BEST, _WORST = 92, 40
# A noisy picture gets smaller before it gets coarser than the worst quality.
_NARROWER = (360, 240, _MIN_WIDTH)
# The face box (hairline to chin) fills this part of the portrait's height and has its
# middle this far from the top: ISO/IEC 19794-5 token image proportions.
_FACE_HEIGHT = 0.55
_FACE_MIDDLE = 0.47


@dataclass(frozen=True)
class FaceBox:
    """Where the face is, in pixels of the source picture."""

    left: float
    top: float
    width: float
    height: float


def prepare(source: bytes | Image.Image, face: FaceBox | None = None) -> bytes:
    """A JPEG for a credential, without metadata and never enlarged.

    With ``face`` the crop is laid around it, otherwise in the middle of the picture.
    Raises ``PortraitUnusable``.
    """
    picture = ImageOps.exif_transpose(_decoded(source)).convert("RGB")
    cropped = picture.crop(_crop(picture.width, picture.height, face))
    if cropped.width < _MIN_WIDTH:
        raise PortraitUnusable(reason="picture is too small")
    for width in (WIDTH, *_NARROWER):
        if data := _compressed(_narrowed(cropped, width)):
            return data
    raise PortraitUnusable(reason="picture has too much detail")


def _decoded(source: bytes | Image.Image) -> Image.Image:
    if isinstance(source, Image.Image):
        return source
    try:
        picture = Image.open(io.BytesIO(source), formats=_FORMATS)
        if picture.width * picture.height > _MAX_PIXELS:
            raise PortraitUnusable(reason="picture is too large")
        picture.load()
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as broken:
        raise PortraitUnusable(reason="picture cannot be decoded") from broken
    except Image.DecompressionBombError as bomb:
        raise PortraitUnusable(reason="picture is too large") from bomb
    return picture


def _crop(width: int, height: int, face: FaceBox | None) -> tuple[int, int, int, int]:
    """The largest fitting 3:4 window, or the one the face asks for, inside the picture."""
    tall = min(height, width * HEIGHT / WIDTH)
    middle, top = width / 2, (height - tall) / 2
    if face is not None:
        tall = min(tall, face.height / _FACE_HEIGHT)
        middle = face.left + face.width / 2
        top = face.top + face.height / 2 - tall * _FACE_MIDDLE
    wide = tall * WIDTH / HEIGHT
    left = min(max(middle - wide / 2, 0), width - wide)
    top = min(max(top, 0), height - tall)
    return round(left), round(top), round(left + wide), round(top + tall)


def _narrowed(picture: Image.Image, width: int) -> Image.Image:
    if picture.width <= width:
        return picture
    return picture.resize((width, width * HEIGHT // WIDTH), Image.Resampling.LANCZOS)


def _compressed(picture: Image.Image) -> bytes | None:
    """The best quality that stays within ``MAX_BYTES``, found by halving; None if none does."""
    low, high = _WORST, _BEST
    best = _jpeg(picture, low)
    if len(best) > MAX_BYTES:
        return None
    while low < high:
        middle = (low + high + 1) // 2
        data = _jpeg(picture, middle)
        if len(data) <= MAX_BYTES:
            low, best = middle, data
        else:
            high = middle - 1
    return best


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    target = io.BytesIO()
    picture.save(target, "JPEG", quality=quality, optimize=True)
    return target.getvalue()
