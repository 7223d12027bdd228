"""Signed notes and checkpoints as other logs of the world write them, and what is refused."""

from __future__ import annotations

import base64
from functools import cache

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from desk.issuance import merkle, notes
from desk.issuance.checkpoints import Checkpoint, LogProof
from desk.issuance.notes import NoteKey, NoteMalformed, NoteSignatureWrong, SignedNote

ORIGIN = "desk-audit/0123456789abcdef0123456789abcdef"
# Checkpoints of two running logs with their ECDSA keys (type 0x02), as published in
# transparency-dev/formats, note/note_verifier_test.go: name, key hash, key, note.
PUBLISHED = (
    (
        "rekor.sigstore.dev",
        "c0d23d6a",
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE2G2Y+2tabdTV5BcGiBIx0a9fAFwrkBbmLSGtks4L3qX6yYY0zufBnhC8"
        "Ur/iy55GhWP/9A/bY2LhC30M9+RYtw==",
        "Rekor\n798034\nf+7CoKgXKE/tNys9TTXcr/ad6U/K3xvznmzew9y6SP0=\n\n"
        "— rekor.sigstore.dev wNI9ajBEAiARInWIWyCdyG27CO6LPnPekyw20qO0YJfoaPaowGp/XgIgc+qEHS3"
        "+GKVClgqq20uDLet7MCoTURUCRdxwWBHHufk=\n",
    ),
    (
        "pixel6_transparency_log",
        "91c16e30",
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE37jHQmTXJPC8sUj0Dg0N0ZlxfRqJZV1YzlclXLQzhVYPcC/JblDoez0D"
        "SZwOSlShiCf4oo83MULQfec3erolDw==",
        "DEFAULT\n10\nbsWRucJU5xJPHb5eBdOm6+DM+VelCZBuvtI3sHERJ9Y=\n\n"
        "— pixel6_transparency_log kcFuMDBFAiEAhqMAP8P6qf6QxtUJhzMhbN+MbZ9dwfUHzGQJmffJHtoCIGD0c"
        "Ne47dHWBoPwYdgBCepB06/+g5O1FmYjXl06owL4\n",
    ),
)
# The example of the specification itself (c2sp.org/tlog-checkpoint); its key is Ed25519.
EXAMPLE = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q"
    "1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)


@cache
def private(kind: str) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    if kind == "RSA":
        return rsa.generate_private_key(65537, 2048)
    return ec.generate_private_key(ec.SECP256R1() if kind == "P256" else ec.SECP384R1())


def signed(kind: str, text: str) -> SignedNote:
    key = private(kind)
    if isinstance(key, rsa.RSAPrivateKey):
        signature = key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    else:
        digest = hashes.SHA256() if kind == "P256" else hashes.SHA384()
        signature = key.sign(text.encode(), ec.ECDSA(digest))
    return SignedNote(text, (notes.sign_with(ORIGIN, key.public_key(), signature),))


def checkpoint() -> Checkpoint:
    return Checkpoint(ORIGIN, 42, merkle.leaf_hash(b"anything"))


def published_key(spki: str) -> NoteKey:
    key = serialization.load_der_public_key(base64.b64decode(spki))
    assert isinstance(key, ec.EllipticCurvePublicKey)
    return key


@pytest.mark.parametrize(("name", "key_hash", "spki", "whole"), PUBLISHED)
def test_published_checkpoints_verify(name: str, key_hash: str, spki: str, whole: str) -> None:
    key, note = published_key(spki), SignedNote.parse(whole)

    assert notes.key_id(name, key).hex() == key_hash
    note.verify(name, key)
    assert note.whole == whole
    assert Checkpoint.parse(note.text).text == note.text


@pytest.mark.parametrize(("name", "key_hash", "spki", "whole"), PUBLISHED)
def test_published_checkpoint_altered(name: str, key_hash: str, spki: str, whole: str) -> None:
    note = SignedNote.parse(whole.replace("\n1", "\n2", 1).replace("\n7", "\n8", 1))

    with pytest.raises(NoteSignatureWrong):
        note.verify(name, published_key(spki))


def test_example_of_the_specification() -> None:
    note = SignedNote.parse(EXAMPLE)
    read = Checkpoint.parse(note.text)

    assert (read.origin, read.size) == ("example.com/behind-the-sofa", 20852163)
    assert note.signatures[0].key_id.hex() == "033de0ae"
    assert (note.whole, read.text) == (EXAMPLE, note.text)


@pytest.mark.parametrize("kind", ["P256", "P384", "RSA"])
def test_each_kind_of_card_key(kind: str) -> None:
    note = signed(kind, checkpoint().text)
    key = private(kind).public_key()

    read = SignedNote.parse(note.whole)

    assert notes.signers(read, ORIGIN, [private("P256").public_key(), key]) == (key,)
    read.verify(ORIGIN, key)


@pytest.mark.parametrize("kind", ["P256", "P384", "RSA"])
def test_another_text_under_the_signature(kind: str) -> None:
    note = signed(kind, checkpoint().text)
    forged = SignedNote(Checkpoint(ORIGIN, 41, checkpoint().root).text, note.signatures)

    with pytest.raises(NoteSignatureWrong):
        forged.verify(ORIGIN, private(kind).public_key())


def test_key_id_depends_on_key_and_kind() -> None:
    """The same key under P-256 gives the specification's ID whatever the name."""
    keys = [private(kind).public_key() for kind in ("P256", "P384", "RSA")]

    assert len({notes.key_id(ORIGIN, key) for key in keys}) == 3
    assert notes.key_id(ORIGIN, keys[0]) == notes.key_id("other", keys[0])
    assert notes.key_id(ORIGIN, keys[1]) != notes.key_id("other", keys[1])


def test_two_cards_sign_one_note() -> None:
    text = checkpoint().text
    note = signed("P256", text).with_signature(signed("P384", text).signatures[0])
    keys = [private(kind).public_key() for kind in ("P384", "P256")]

    found = notes.signers(SignedNote.parse(note.whole), ORIGIN, keys)

    assert found == (keys[1], keys[0])


def test_unknown_signatures_are_passed_over() -> None:
    note = signed("P256", checkpoint().text)
    witness = SignedNote.parse(EXAMPLE).signatures[0]
    key = private("P256").public_key()

    assert notes.signers(note.with_signature(witness), ORIGIN, [key]) == (key,)


def test_no_known_signature_is_refused() -> None:
    with pytest.raises(NoteSignatureWrong):
        notes.signers(signed("P256", checkpoint().text), ORIGIN, [private("P384").public_key()])


def test_name_without_spaces_or_plus() -> None:
    for name in ("two words", "a+b", ""):
        with pytest.raises(ValueError, match="key name"):
            notes.sign_with(name, private("P256").public_key(), b"x")


@pytest.mark.parametrize(
    "whole",
    [
        "",
        "text without signature\n",
        "text\n\n",
        "text\n\n— name AAAAAAA=",
        "text\n\n- name AAAAAAA=\n",
        "text\n\n— name\n",
        "text\n\n— na+me AAAAAAA=\n",
        "text\n\n— name AAAA\n",
        "text\n\n— name AAAAAAB=\n",
        "text\n\n— name %%%%\n",
        "te\txt\n\n— name AAAAAAA=\n",
        "text\n\n" + "— name AAAAAAA=\n" * 17,
        "text\n" * 20_000 + "\n— name AAAAAAA=\n",
    ],
)
def test_malformed_notes(whole: str) -> None:
    with pytest.raises(NoteMalformed):
        SignedNote.parse(whole)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "origin\n3\n",
        "origin\n03\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "origin\n-3\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "origin\n3\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n",
        "origin\n3\nCsUY\n",
        "\n3\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "origin\n3\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=",
        "origin\n3\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\nextension\n",
    ],
)
def test_malformed_checkpoints(text: str) -> None:
    with pytest.raises(NoteMalformed):
        Checkpoint.parse(text)


def test_proof_of_one_entry() -> None:
    """c2sp.org/tlog-proof: index, path, checkpoint, in one text that stands alone."""
    entries = [str(number).encode() for number in range(11)]
    tree = merkle.Tree(merkle.leaf_hash(entry) for entry in entries)
    note = signed("P256", Checkpoint(ORIGIN, 11, merkle.root(tree.node, 11)).text)
    proof = LogProof(6, merkle.inclusion_proof(tree.node, 6, 11), note)

    read = LogProof.parse(proof.whole)

    assert read == proof
    assert proof.whole.splitlines()[:2] == ["c2sp.org/tlog-proof@v1", "index 6"]
    assert read.verify(entries[6]).size == 11
    with pytest.raises(merkle.ProofWrong):
        read.verify(entries[5])


def test_proof_may_carry_extra_data() -> None:
    tree = merkle.Tree([merkle.leaf_hash(b"one")])
    note = signed("P256", Checkpoint(ORIGIN, 1, merkle.root(tree.node, 1)).text)
    whole = LogProof(0, (), note).whole.replace("\nindex", "\nextra AAAA\nindex")

    assert LogProof.parse(whole).verify(b"one").size == 1


@pytest.mark.parametrize(
    "head",
    [
        "c2sp.org/tlog-proof@v2\nindex 0",
        "c2sp.org/tlog-proof@v1",
        "c2sp.org/tlog-proof@v1\n0",
        "c2sp.org/tlog-proof@v1\nindex 00",
        "c2sp.org/tlog-proof@v1\nindex 0\nAAAA",
    ],
)
def test_malformed_proofs(head: str) -> None:
    with pytest.raises(NoteMalformed):
        LogProof.parse(f"{head}\n\n{EXAMPLE}")
