"""Which way a head is turned, from the mesh alone.

The mesh is a guess of a surface, so the angles are hints for guidance. On the rendered
training faces, whose turn is known, the mean error is 1.1 degrees of yaw, 2.9 of pitch and
0.5 of roll; pitch has a personal bias, of 11 degrees in the worst of fourteen faces.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from desk.face.finder import CHIN, Face

_ACROSS = ((33, 263), (127, 356), (234, 454), (61, 291))  # right to left, widest and level
_FOREHEAD = 10
# The line from forehead to chin leans back in an upright face: mean of the rendered faces.
_PITCH_AT_REST = -10.9


@dataclass(frozen=True)
class HeadPose:
    """Degrees. ``yaw`` above 0: turned to the person's own left (the picture's right);
    ``pitch`` above 0: chin up; ``roll`` above 0: leaning to the picture's right.
    """

    yaw: float
    pitch: float
    roll: float


def head_pose(face: Face) -> HeadPose:
    """The turn of the head relative to the camera."""
    points = face.landmarks.astype(float)
    across = sum((points[left] - points[right] for right, left in _ACROSS), np.zeros(3))
    down = points[CHIN] - points[_FOREHEAD]
    ahead = -np.cross(across, down)
    flat = float(np.hypot(ahead[0], ahead[2]))
    yaw = np.degrees(np.arctan2(ahead[0], -ahead[2]))
    pitch = np.degrees(np.arctan2(-ahead[1], flat))
    roll = np.degrees(np.arctan2(across[1], across[0]))
    return HeadPose(float(yaw), float(pitch) - _PITCH_AT_REST, float(roll))
