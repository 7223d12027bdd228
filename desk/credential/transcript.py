"""What a phone signs when it presents an mdoc over OpenID4VP (1.0, appendix B.2.6).

Shared by the desk (``presentation``) and the phone (``holder``).
"""

from __future__ import annotations

import hashlib

from desk.credential import cbor
from desk.credential.keys import DeviceKey

NO_DEVICE_ITEMS = cbor.encoded(cbor.encode({}))


def session_transcript(
    client_id: str, nonce: str, encryption_key: DeviceKey | None, response_uri: str
) -> bytes:
    """``[null, null, OpenID4VPHandover]``; the key is the one the answer is encrypted to."""
    thumbprint = encryption_key.thumbprint_bytes if encryption_key else None
    info = cbor.encode([client_id, nonce, thumbprint, response_uri])
    handover = ["OpenID4VPHandover", hashlib.sha256(info).digest()]
    return cbor.encode([None, None, handover])


def device_authentication(transcript: bytes, doctype: str, device_items: bytes) -> bytes:
    """DeviceAuthenticationBytes (ISO/IEC 18013-5 9.1.3.4), around bytes as they came.

    ``device_items`` is DeviceNameSpacesBytes with its tag.
    """
    members = [cbor.encode("DeviceAuthentication"), transcript, cbor.encode(doctype), device_items]
    return cbor.encoded(cbor.join_array(members))
