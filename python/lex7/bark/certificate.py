"""Certificates for links: the lattice is its own authority, and names are those of members.

The authority's key is derived from the owner's, a node's from the node's, so nothing more is kept
secret. They prove who is at the other end of a link; what is said there is signed apart. A
certificate has no useful end: who is no member any more is refused by name. The clock is not asked.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lex7.bark.hkdf import derive
from lex7.bark.signature import SigningKey
from lex7.base.ids import LatticeId, NodeName

BEGINS = datetime(2020, 1, 1, tzinfo=UTC)
ENDS = datetime(2120, 1, 1, tzinfo=UTC)


def link_key(key: SigningKey) -> Ed25519PrivateKey:
    """Derive the key that a node, or the authority, uses on links and for nothing else."""
    return Ed25519PrivateKey.from_private_bytes(derive(key.seed, b"lex7", b"lex7.link", 32))


def link_public(key: SigningKey) -> bytes:
    """Give the public half of a link key."""
    return link_key(key).public_key().public_bytes_raw()


def private_pem(key: SigningKey) -> str:
    """Spell a link key."""
    spelled = link_key(key).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return spelled.decode()


def authority_pem(owner: SigningKey, lattice: LatticeId) -> str:
    """Make the certificate of the lattice's authority; the same one every time."""
    key = link_key(owner)
    builder = _builder(_name("lex7 lattice"), "authority", lattice).public_key(key.public_key())
    usage = x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=False, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    made = (
        builder.subject_name(_name("lex7 lattice"))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, None)
    )
    return made.public_bytes(Encoding.PEM).decode()


def member_pem(owner: SigningKey, lattice: LatticeId, name: NodeName, public: bytes) -> str:
    """Make the certificate of a member's link key; the same one every time."""
    builder = _builder(_name("lex7 lattice"), name, lattice)
    made = (
        builder.subject_name(_name(name))
        .public_key(Ed25519PublicKey.from_public_bytes(public))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("lattice.lex7")]), critical=False)
        .add_extension(
            x509.ExtendedKeyUsage(
                [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
            ),
            critical=False,
        )
        .sign(link_key(owner), None)
    )
    return made.public_bytes(Encoding.PEM).decode()


def _builder(issuer: x509.Name, subject: str, lattice: LatticeId) -> x509.CertificateBuilder:
    serial = hashlib.sha256(b"lex7.serial" + lattice + subject.encode()).digest()[:16]
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .serial_number(int.from_bytes(serial, "big") >> 1)
        .not_valid_before(BEGINS)
        .not_valid_after(ENDS)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
