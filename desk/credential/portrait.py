"""The credential's portrait: 3:4, by default at most 480 by 640 pixels and 20 kB of JPEG.

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
_WIDTHS = range(_MIN_WIDTH, 961)
_BYTES = range(5_000, 100_001)
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
class PortraitSize:
    """The largest a portrait may become: pixels across and bytes of JPEG.

    Raises ``PortraitUnusable`` beyond 180 to 960 pixels and 5 to 100 kB: a smaller face
    nobody compares, a larger one no reader fetches from a phone in a second.
    """

    width: int = WIDTH
    max_bytes: int = MAX_BYTES

    def __post_init__(self) -> None:
        if self.width not in _WIDTHS or self.max_bytes not in _BYTES:
            raise PortraitUnusable(reason="size beyond 180 to 960 pixels or 5 to 100 kB")

    @property
    def widths(self) -> tuple[int, ...]:
        """The width asked for, then the narrower ones that fit it."""
        return (self.width, *(narrower for narrower in _NARROWER if narrower < self.width))


@dataclass(frozen=True)
class FaceBox:
    """Where the face is, in pixels of the source picture."""

    left: float
    top: float
    width: float
    height: float


def prepare(
    source: bytes | Image.Image, face: FaceBox | None = None, size: PortraitSize | None = None
) -> bytes:
    """A JPEG for a credential, without metadata and never enlarged.

    With ``face`` the crop is laid around it, otherwise in the middle of the picture.
    Raises ``PortraitUnusable``.
    """
    size = size or PortraitSize()
    picture = ImageOps.exif_transpose(_decoded(source)).convert("RGB")
    cropped = picture.crop(_crop(picture.width, picture.height, face))
    if cropped.width < _MIN_WIDTH:
        raise PortraitUnusable(reason="picture is too small")
    for width in size.widths:
        if data := _compressed(_narrowed(cropped, width), size.max_bytes):
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


def _compressed(picture: Image.Image, max_bytes: int) -> bytes | None:
    """The best quality that stays within ``max_bytes``, found by halving; None if none does."""
    low, high = _WORST, _BEST
    best = _jpeg(picture, low)
    if len(best) > max_bytes:
        return None
    while low < high:
        middle = (low + high + 1) // 2
        data = _jpeg(picture, middle)
        if len(data) <= max_bytes:
            low, best = middle, data
        else:
            high = middle - 1
    return best


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    target = io.BytesIO()
    picture.save(target, "JPEG", quality=quality, optimize=True)
    return target.getvalue()
