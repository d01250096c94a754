#!/usr/bin/python3
"""signed-zone - write the signed zone of the resolver's tests

usage: signed-zone.py DIR

Writes DIR/signed.zone for fakedns.py and DIR/signed.anchor, the trust anchor
of its one domain, signed.test. Needs dnspython and cryptography. The tests do
not need them: the files are kept in tests/data. The key is the same each time
and signs nothing else; the signatures are valid until 2087.
"""
import sys

import dns.dnssec
import dns.name
import dns.rdatatype
import dns.rrset
from cryptography.hazmat.primitives.asymmetric import ed25519

ORIGIN = dns.name.from_text("signed.test.")
KEY = ed25519.Ed25519PrivateKey.from_private_bytes(b"millgate test zone, not a secret")
DNSKEY = dns.dnssec.make_dnskey(KEY.public_key(), "ED25519", 257)
FROM, UNTIL = "20200101000000", "20870101000000"


def generic(name, rdata):
    wire = rdata.to_wire(origin=ORIGIN)
    return "%s TYPE%d \\# %d %s" % (name, rdata.rdtype, len(wire), wire.hex())


def signed(name, rtype, *texts):
    """The lines of a record set and of its signature."""
    rrset = dns.rrset.from_text(dns.name.from_text(name, ORIGIN), 60, "IN",
                                rtype, *texts)
    sig = dns.dnssec.sign(rrset, KEY, ORIGIN, DNSKEY, inception=FROM,
                          expiration=UNTIL)
    owner = rrset.name.to_text(True)
    return [generic(owner, r) for r in rrset] + [generic(owner, sig)]


def main():
    lines = ["; written by tests/tools/signed-zone.py"]
    lines += signed("@", "DNSKEY", DNSKEY.to_text())
    lines += signed("good", "TXT", '"signed and sealed"')
    lines += signed("alias", "CNAME", "good.signed.test.")
    # the data were changed after signing
    lines += [signed("changed", "TXT", '"as signed"')[1],
              'changed.signed.test TXT "as sent"']
    # the signature is missing
    lines += ['unsigned.signed.test TXT "not signed"']
    lines += ['elsewhere.test TXT "outside"']
    with open(sys.argv[1] + "/signed.zone", "w") as f:
        f.write("\n".join(lines) + "\n")
    with open(sys.argv[1] + "/signed.anchor", "w") as f:
        f.write("signed.test. IN DNSKEY %s\n" % DNSKEY.to_text())


main()
