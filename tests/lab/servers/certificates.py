"""The lab's certificate authorities and certificates, new for every lab, gone with it.

Server certificates name the AWS endpoints only, never localhost: a client that checks the name it dialled
(127.0.0.1) instead of the endpoint's must fail. The bad ones differ from the good one in exactly one way each.
"""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_NOW = datetime.datetime.utcnow()
_DAY = datetime.timedelta(days=1)

# Names that AWS's own certificates carry; a wildcard stands for one label only, so an endpoint such as
# orders.cluster-abc.eu-west-1.rds.amazonaws.com is always listed as it is, too.
WILDCARDS = ("*.rds.amazonaws.com", "*.eu-west-1.rds.amazonaws.com", "*.us-east-1.rds.amazonaws.com",
             "*.redshift.amazonaws.com", "*.redshift-serverless.amazonaws.com")


@dataclass(frozen=True)
class KeyPair:
    certificate: Path
    key: Path


class Authority:
    def __init__(self, folder: Path, file_stem: str, name: str) -> None:
        self._folder = folder
        self._name = _name(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        certificate = (_builder(self._name, self._name, self._key, _NOW - _DAY, _NOW + 30 * _DAY)
                       .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
                       .add_extension(usage, critical=True)
                       .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), False)
                       .sign(self._key, hashes.SHA256()))
        self.file = folder / f"{file_stem}.pem"
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, file_stem: str, names: Iterable[str], *, expired: bool = False,
              addresses: Iterable[str] = ()) -> KeyPair:
        names = list(dict.fromkeys(names))
        subjects = [x509.DNSName(name) for name in names]
        subjects += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
        return self._issue(file_stem, _name(f"Rolegate lab {file_stem}"), ExtendedKeyUsageOID.SERVER_AUTH, subjects, expired)

    def issue_client(self, file_stem: str, *common_names: str, expired: bool = False) -> KeyPair:
        """For a client that proves who it is by its certificate; no server of the lab asks for one."""
        return self._issue(file_stem, _name(*common_names), ExtendedKeyUsageOID.CLIENT_AUTH, [], expired)

    def revoke(self, file_stem: str, *pairs: KeyPair, expired: bool = False) -> Path:
        """A revocation list with these certificates in it."""
        last, following = (_NOW - 20 * _DAY, _NOW - 10 * _DAY) if expired else (_NOW - _DAY, _NOW + 30 * _DAY)
        builder = x509.CertificateRevocationListBuilder(self._name, last, following)
        for pair in pairs:
            certificate = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder(certificate.serial_number, last).build())
        revoked = self._folder / f"{file_stem}.crl"
        revoked.write_bytes(builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        return revoked

    def _issue(self, file_stem: str, subject: x509.Name, usage: x509.ObjectIdentifier, subjects: list[x509.GeneralName],
               expired: bool) -> KeyPair:
        key = ec.generate_private_key(ec.SECP256R1())
        start, end = (_NOW - 20 * _DAY, _NOW - 10 * _DAY) if expired else (_NOW - _DAY, _NOW + 30 * _DAY)
        authority_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = (_builder(subject, self._name, key, start, end)
                   .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
                   .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
                   .add_extension(authority_key, critical=False))
        if subjects:
            builder = builder.add_extension(x509.SubjectAlternativeName(subjects), critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        pair = KeyPair(self._folder / f"{file_stem}.crt", self._folder / f"{file_stem}.key")
        pair.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        pair.key.touch(mode=0o600)
        pair.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                               serialization.NoEncryption()))
        return pair


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, start: datetime.datetime,
             end: datetime.datetime) -> x509.CertificateBuilder:
    return (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(start).not_valid_after(end))


def _name(*common_names: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Rolegate lab"),
                      *(x509.NameAttribute(NameOID.COMMON_NAME, name) for name in common_names)])


@dataclass(frozen=True)
class LabCertificates:
    ca: Path
    untrusted_ca: Path
    server: KeyPair
    wrong_name: KeyPair
    expired: KeyPair
    untrusted: KeyPair
    localhost: KeyPair  # for the AWS endpoint's HTTPS, never for a database


def make(folder: Path, endpoint_names: Iterable[str]) -> LabCertificates:
    folder.mkdir(mode=0o755, exist_ok=True)
    names = [*endpoint_names, *WILDCARDS]
    lab = Authority(folder, "ca", "Rolegate lab CA")
    stranger = Authority(folder, "untrusted-ca", "Rolegate lab untrusted CA")
    return LabCertificates(
        ca=lab.file, untrusted_ca=stranger.file,
        server=lab.issue("server", names),
        wrong_name=lab.issue("wrong-name", ["elsewhere.example.com"]),
        expired=lab.issue("expired", names, expired=True),
        untrusted=stranger.issue("untrusted", names),
        localhost=lab.issue("localhost", ["localhost"], addresses=["127.0.0.1", "::1"]))
