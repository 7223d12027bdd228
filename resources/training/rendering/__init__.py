"""Rendering of the invented applicants; run by ``resources/training/render.py`` only."""
