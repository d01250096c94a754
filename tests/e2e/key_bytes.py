"""The bytes of private keys, and where a process has them.

A number of 256 octets may be partly overwritten where it was freed, so that 32
octets from its middle are searched. OpenSSL keeps numbers with their lowest
octet first; files have the highest first.
"""

import base64
import hashlib
import re
import subprocess

WINDOW = 32
BLOCK = 16 * 1024 ** 2


def der_parts(der):
    """(offset, octets) of the members of a DER sequence."""
    def header(at):
        length, at = der[at + 1], at + 2
        if length < 0x80:
            return length, at
        n = length & 0x7f
        return int.from_bytes(der[at:at + n], "big"), at + n
    _, at = header(0)
    while at < len(der):
        length, at = header(at)
        yield at, der[at:at + length]
        at += length


def window(octets):
    middle = (len(octets) - WINDOW) // 2
    return octets[middle:middle + WINDOW]


def pem_lines(text, first):
    """Lines with base64 of octets from `first` on: only these are secret."""
    lines = text.split("\n")[1:]
    return [line.encode() for n, line in enumerate(lines)
            if 48 * n >= first and len(line) == 64]


def rsa_needles(der, inner, text):
    offset, rsa = inner
    names = ("version", "n", "e", "d", "p", "q", "dp", "dq", "qinv")
    found = {}
    for name, (at, octets) in zip(names, der_parts(rsa)):
        if name == "d":
            first = offset + at
        if name in ("version", "n", "e"):
            continue
        found[name + ", as in a file"] = window(octets)
        found[name + ", as in OpenSSL"] = window(octets.lstrip(b"\0"))[::-1]
    for n, line in enumerate(pem_lines(text, first)):
        found["line %d of the PEM text" % n] = line
    return found


def ed25519_needles(inner, text):
    _, octets = inner
    seed = octets[-WINDOW:]
    expanded = hashlib.sha512(seed).digest()
    return {"seed": seed, "seed, lowest octet first": seed[::-1],
            "prefix of the signature": expanded[WINDOW:],
            "PEM text": text.split("\n")[1].encode()}


def needles(path):
    """{name: octets} that tell that somebody has the key of this file."""
    text = subprocess.run(["openssl", "pkey", "-in", path], check=True,
                          capture_output=True, text=True).stdout
    der = base64.b64decode("".join(text.split("\n")[1:-2]))
    inner = list(der_parts(der))[2]
    make = ed25519_needles(inner, text) if len(inner[1]) < 64 else \
        rsa_needles(der, inner, text)
    assert all(len(octets) >= WINDOW for octets in make.values()), make
    return {"%s: %s" % (path, name): octets for name, octets in make.items()}


def regions(pid):
    """What the process may have written to."""
    with open("/proc/%d/maps" % pid) as f:
        for line in f:
            found = re.match(r"([0-9a-f]+)-([0-9a-f]+) (....) \S+ \S+ (\d+)",
                             line)
            start, end = (int(n, 16) for n in found.groups()[:2])
            if found[3][0] == "r" and (found[3][1] == "w" or
                                       found[4] == "0"):
                yield start, end


def in_text(octets, wanted):
    return {name for name, needle in wanted.items() if needle in octets}


def in_process(pid, wanted):
    """The names of those of the needles that its memory has."""
    found = set()
    with open("/proc/%d/mem" % pid, "rb", buffering=0) as memory:
        for start, end in regions(pid):
            for at in range(start, end, BLOCK):
                try:
                    memory.seek(at)
                    # a needle may lie across two blocks
                    octets = memory.read(min(BLOCK + WINDOW * 2, end - at))
                except (OSError, OverflowError, ValueError):
                    break	# [vvar], or unmapped since
                found |= in_text(octets, wanted)
    return found
