"""The composition root: real or training devices, stores, service and window, built once."""
