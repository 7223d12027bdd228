"""One fuzz target for every parser of bytes that a passport's chip or a trust file brings.

    python -m tests.fuzz NAME|all|list [--minutes 10]

A target says which exceptions its parser may raise; anything else is a crash, and so is
an input that takes more than two seconds of processor time or 200 MB. Inputs begin with
our own samples and are altered byte by byte and object by object.
"""
