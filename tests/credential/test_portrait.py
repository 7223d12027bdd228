"""The credential's portrait."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from desk.credential.portrait import MAX_BYTES, FaceBox, PortraitSize, prepare
from desk.credential.troubles import PortraitUnusable


def picture(width: int, height: int, detail: int = 0) -> Image.Image:
    """Smooth colours, with noise of ``detail`` levels."""
    rows, columns = np.mgrid[0:height, 0:width]
    base = np.stack([rows * 255 // height, columns * 255 // width, (rows + columns) % 256], -1)
    noise = np.random.default_rng(7).integers(-detail, detail + 1, base.shape)
    return Image.fromarray(np.clip(base + noise, 0, 255).astype(np.uint8))


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize("kind", ["JPEG", "JPEG2000", "PNG"])
@pytest.mark.parametrize("size", [(413, 531), (480, 640), (600, 800), (1280, 720)])
def test_every_source_becomes_a_small_3_to_4_jpeg(kind: str, size: tuple[int, int]) -> None:
    portrait = prepare(encoded(picture(*size, detail=6), kind))

    made = opened(portrait)
    assert made.format == "JPEG"
    assert len(portrait) <= MAX_BYTES
    assert abs(made.width / made.height - 0.75) < 0.01
    assert made.width <= min(size[0], 480)
    if min(size[0], size[1] * 3 // 4) >= 480:
        assert made.size == (480, 640)


def test_the_quality_is_used_up() -> None:
    """A detailed picture comes near to the limit instead of far below."""
    assert len(prepare(picture(960, 1280, detail=40))) > 0.8 * MAX_BYTES


def test_a_noisy_picture_becomes_smaller_instead_of_coarse() -> None:
    noise = np.random.default_rng(7).integers(0, 255, (200, 150, 3), dtype=np.uint8)
    source = Image.fromarray(noise).resize((960, 1280))

    portrait = prepare(source)

    assert len(portrait) <= MAX_BYTES
    assert opened(portrait).size in {(360, 480), (240, 320), (180, 240)}


def test_the_crop_is_laid_around_the_face() -> None:
    wide = Image.new("RGB", (1280, 720), "white")
    wide.paste((200, 0, 0), (900, 200, 1100, 480))

    made = opened(prepare(wide, FaceBox(900, 200, 200, 280)))

    red, green, _ = made.convert("RGB").getpixel((made.width // 2, made.height // 2))
    assert red > 150 > green
    corner = made.convert("RGB").getpixel((4, 4))
    assert min(corner) > 200


def test_the_crop_stays_inside_of_the_picture() -> None:
    for box in (FaceBox(-50, -50, 200, 300), FaceBox(1200, 600, 200, 300)):
        made = opened(prepare(picture(1280, 720), box))
        assert abs(made.width / made.height - 0.75) < 0.01


def test_metadata_is_left_behind() -> None:
    exif = Image.Exif()
    exif[0x010E] = "where it was taken"
    exif[0x0112] = 6

    portrait = prepare(encoded(picture(640, 480), "JPEG", exif=exif))

    assert b"where it was taken" not in portrait
    assert not opened(portrait).getexif()


@pytest.mark.parametrize(
    "source",
    [
        b"",
        b"\xff\xd8\xff\xe0junk",
        encoded(picture(120, 160), "JPEG"),
        encoded(picture(480, 640), "JPEG")[:2000],
        encoded(picture(64, 64), "GIF"),
    ],
    ids=["nothing", "junk", "too small", "cut", "other kind"],
)
def test_an_unusable_picture_is_refused(source: bytes) -> None:
    with pytest.raises(PortraitUnusable):
        prepare(source)


def test_a_giant_picture_is_refused_before_it_is_decoded() -> None:
    giant = encoded(Image.new("1", (8_000, 8_000)), "PNG")

    with pytest.raises(PortraitUnusable):
        prepare(giant)


@pytest.mark.parametrize(("width", "max_bytes"), [(960, 60_000), (360, 9_000), (180, 5_000)])
def test_a_chosen_size_is_kept(width: int, max_bytes: int) -> None:
    source = encoded(picture(1200, 1600, detail=6), "JPEG")

    made = prepare(source, size=PortraitSize(width, max_bytes))

    assert len(made) <= max_bytes
    assert opened(made).width <= width
    assert opened(made).size[0] * 4 == opened(made).size[1] * 3


@pytest.mark.parametrize(("width", "max_bytes"), [(179, 20_000), (961, 20_000), (480, 4_999)])
def test_a_size_that_serves_nobody_is_refused(width: int, max_bytes: int) -> None:
    with pytest.raises(PortraitUnusable):
        PortraitSize(width, max_bytes)
