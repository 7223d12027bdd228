"""The family of troubles a face can make.

FaceTrouble
├── NoFace          nobody in the picture
├── SeveralFaces    more than one person in the picture
└── ModelMissing    a model file of the installed packages is not there
"""

from __future__ import annotations

from desk.trouble import Trouble


class FaceTrouble(Trouble):
    """Something about a picture or the models stops this step."""

    code = "FACE-00"


class NoFace(FaceTrouble):
    """No face was found. Facts: picture («chip» or «live»)."""

    code = "FACE-01"


class SeveralFaces(FaceTrouble):
    """More than one face was found. Facts: picture, count."""

    code = "FACE-02"


class ModelMissing(FaceTrouble):
    """A package's model file is not on this machine. Facts: package, file."""

    code = "FACE-03"
