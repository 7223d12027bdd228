"""The credential: mdoc and SD-JWT VC from one claim profile, status lists, presentations.

The way of a credential: ``claims`` (what it says) → ``intent.Said`` → ``Said.prepare``
(every byte, kept before the card is asked) → ``Signer.sign`` → ``credential`` → ``verify`` and
``presentation`` (read as a stranger's). ``proof`` verifies the phone's key, ``statuslist``
publishes validity, ``holder`` is the phone's side for training. Cards, transport, storage
and the order of a case are left to others.
"""
