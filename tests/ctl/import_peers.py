#!/usr/bin/python3
"""import_peers - an imported configuration beside the programs it came from

usage: import_peers.py [--build DIRECTORY] [--peers DIRECTORY]

Each site of import_sites.py runs twice: as pyspf-milter, OpenDKIM and
OpenDMARC, one behind the other as an MTA asks them, and as millgate with the
configuration that `millgatectl import-opendkim` makes of the same files. All
messages go through both. WHY must explain each difference; the exit status is 1
if it does not, or if a configuration does not pass `millgate -t`. The files
that Debian's packages ship are imported and checked, too. Without the unpacked
programs (contrib/import-peers unpacks them) it prints "skipped", status 77.
"""
import argparse
import os
import subprocess
import sys

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
for folder in ("e2e", "bench"):
    sys.path.insert(0, os.path.join(SOURCE, "tests", folder))
import isolate				# noqa: E402
import peer_mail			# noqa: E402
import peer_measure			# noqa: E402
import peer_servers			# noqa: E402
from peer_session import FINAL, Gone, Session	# noqa: E402
from import_sites import MAILS, SITES, WHY, ZONE	# noqa: E402

SKIP = 77


class Place:
    def __init__(self, directory, build, peers):
        self.directory, self.build, self.peers = directory, build, peers
        self.key, self.public = peer_mail.make_key(directory)


class Visit(Session):
    """One message with all of its session; "hold" is quarantine."""

    def __init__(self, path, mail, fields, body):
        super().__init__(path, mail.client, mail.login)
        self.mail_, self.fields, self.body = mail, fields, body

    def run(self):
        """The answer in one word, and the fields that were added."""
        m = self.mail_
        try:
            self.connect()
            self.ask(b"H", m.helo.encode() + b"\0")
            self.mail(m.sender)
            self.ask(b"R", b"<%s>\0" % m.rcpt.encode())
            self.ask(b"T")
            self.rest(self.fields, self.body)
            answer = FINAL[self.answer()]
        except Gone as gone:
            answer = str(gone)
        finally:
            self.close()
        held = self.held and answer == "accept"
        return "hold" if held else answer, self.edits


# --- the servers, with the files of a site ---------------------------------

class OfSite:
    """Mixed into a server of peer_servers: its file is that of the site."""
    source, more = "", ""

    def words(self):
        self.file("conf", self.site[self.source] + self.more % {
            "s": self.socket, "d": self.directory,
            "psl": self.unpacked("usr/share/publicsuffix/"
                                 "public_suffix_list.dat")})
        return self.command(os.path.join(self.directory, "conf"))


class SiteSPF(OfSite, peer_servers.PySPF):
    source = "policyd-spf.conf"
    more = "\nSocket = local:%(s)s\nPidFile = %(d)s/pid\nUserID = root\n" \
        "InternalHosts = 127.0.0.1\n"

    def command(self, conf):
        return [sys.executable, self.unpacked("usr/bin/pyspf-milter"), conf]


class SiteDKIM(OfSite, peer_servers.OpenDKIM):
    source = "opendkim.conf"
    more = "\nNameservers 127.0.0.1\nSocket local:%(s)s\nSyslog no\n" \
        "RequireSafeKeys no\n"

    def command(self, conf):
        return [self.unpacked("usr/sbin/opendkim"), "-f", "-x", conf]


class SiteDMARC(OfSite, peer_servers.OpenDMARC):
    source = "opendmarc.conf"
    more = "\nSocket local:%(s)s\nSyslog false\nPublicSuffixList %(psl)s\n"

    def command(self, conf):
        return [self.unpacked("usr/sbin/opendmarc"), "-f", "-c", conf]


class SiteMillgate(peer_servers.Millgate):
    """Above the imported text there is only what the test needs."""
    def words(self):
        conf = self.file("conf", 'socket = "unix:%s"\nuser = "root"\n'
                         'state = "%s/state.db"\n'
                         'resolver { servers = {"127.0.0.1@53"} }\n%s' % (
                             self.socket, self.directory, self.imported))
        return [os.path.join(self.place.build, "millgate"), "-f", "-c", conf]


def write_site(place, name):
    """The directory of a site, and its texts by their names."""
    directory = os.path.join(place.directory, "site-" + name)
    os.makedirs(directory)
    site = {}
    for file, text in SITES[name].items():
        site[file] = text.format(d=directory, key=place.key)
        with open(os.path.join(directory, file), "w") as f:
            f.write(site[file])
    return directory, site


def import_files(place, files):
    words = [os.path.join(place.build, "millgatectl"), "import-opendkim"]
    for option, path in files:
        words += ["--" + option, path]
    return subprocess.run(words, capture_output=True, text=True, timeout=60)


def programs_of(directory):
    return [(option, os.path.join(directory, file)) for option, file in (
        ("opendkim", "opendkim.conf"), ("opendmarc", "opendmarc.conf"),
        ("policyd-spf", "policyd-spf.conf"))]


def sign(key, text):
    import dkim
    with open(key, "rb") as f:
        field = dkim.sign(text.replace("\n", "\r\n").encode(), b"s1",
                          b"example.org", f.read(),
                          canonicalize=(b"relaxed", b"simple"))
    return field.decode().replace("\r\n", "\n") + text


# --- both ways --------------------------------------------------------------

def signed(edits):
    return any(name == "DKIM-Signature" for name, _ in edits)


def through_chain(servers, mail, text):
    """
    One milter behind the other; the first refusal is the answer. Mail with a
    login is not asked about by SPF: an MTA permits it before.
    """
    made = []
    answers = []
    for server in servers:
        if mail.login and isinstance(server, SiteSPF):
            continue
        fields, body = peer_mail.split(text)
        seen = [(n, v if v.startswith(" ") else " " + v) for n, v in
                reversed(made)]
        answer, edits = Visit(server.socket, mail, seen + fields, body).run()
        if answer in ("reject", "defer"):
            return answer + " by " + server.name, answer, False
        answers.append(answer)
        made += edits
    word = "hold" if "hold" in answers else "accept"
    return word, word, signed(made)


def through_millgate(server, mail, text):
    answer, edits = Visit(server.socket, mail, *peer_mail.split(text)).run()
    return answer, answer in ("accept", "hold") and signed(edits)


def compare(name, mail, chain, millgate, key):
    text = mail.text(lambda t: sign(key, t))
    shown, old, old_signed = through_chain(chain, mail, text)
    new, new_signed = through_millgate(millgate, mail, text)
    same = (old, old_signed) == (new, new_signed)
    why = WHY.get((name, mail.name))
    print(("%-9s %-23s %-24s %-16s %s" % (
        name, mail.name, shown + (" signed" if old_signed else ""),
        new + (" signed" if new_signed else ""),
        "" if same else why or "NOT EXPLAINED")).rstrip())
    return same, same or why is not None


def run_site(place, name):
    directory, site = write_site(place, name)
    done = import_files(place, programs_of(directory))
    if done.returncode != 0:
        print("%s: import failed: %s" % (name, done.stderr))
        return 0, 0, 1
    millgate = SiteMillgate(place)
    millgate.imported = done.stdout
    if name != "tables" and name != "watching":
        # what the notes tell the administrator to do with a single key
        millgate.imported = done.stdout.replace(
            "signing {\n", 'signing {\n\tkey-directory = "%s/keys"\n' %
            place.directory)
    servers = [SiteSPF(place), SiteDKIM(place), SiteDMARC(place)]
    counts = [0, 0, 0]
    try:
        for server in servers:
            server.site = site
            server.start()
        check = subprocess.run([millgate.words()[0], "-t", "-c",
                                millgate.words()[-1]], text=True,
                               capture_output=True, timeout=60)
        if check.returncode != 0:
            print("%s: millgate -t: %s" % (name, check.stderr))
            counts[2] += 1
        millgate.start()
        for mail in MAILS:
            same, explained = compare(name, mail, servers, millgate,
                                      place.key)
            counts[0] += same
            counts[1] += not same and explained
            counts[2] += not explained
    finally:
        for server in servers + [millgate]:
            server.stop()
    return counts


def shipped(place):
    """The files that Debian's packages ship: imported, and checked by -t."""
    etc = os.path.join(place.peers, "etc")
    files = [(option, os.path.join(etc, path)) for option, path in (
        ("opendkim", "opendkim.conf"), ("opendmarc", "opendmarc.conf"),
        ("policyd-spf", "pyspf-milter/pyspf-milter.conf"),
        ("policyd-rate-limit", "policyd-rate-limit.yaml"))]
    bad = 0
    for some in [files] + [[one] for one in files]:
        done = import_files(place, some)
        millgate = SiteMillgate(place)
        millgate.imported = done.stdout
        check = subprocess.run([os.path.join(place.build, "millgate"), "-t",
                                "-c", millgate.words()[-1]], text=True,
                               capture_output=True, timeout=60)
        names = " ".join(option for option, _ in some)
        good = done.returncode == 0 and check.returncode == 0
        print("as shipped: %s: %s" % (names, "millgate -t: good" if good else
                                      done.stderr + check.stderr))
        bad += not good
    return bad


def arguments():
    p = argparse.ArgumentParser()
    p.add_argument("--build", default=".")
    p.add_argument("--peers", default=os.path.join(
        SOURCE, "build-programs", "peers"))
    p.add_argument("--site", help="this one only")
    args = p.parse_args()
    args.build = os.path.abspath(args.build)
    args.peers = os.path.realpath(args.peers)
    return args


def main():
    args = arguments()
    for program in ("usr/sbin/opendkim", "usr/sbin/opendmarc",
                    "usr/bin/pyspf-milter"):
        if not os.path.exists(os.path.join(args.peers, program)):
            print("skipped: %s is missing; run contrib/import-peers" %
                  os.path.join(args.peers, program))
            sys.exit(SKIP)
    directory = isolate.enter()
    if not isolate.isolated():
        print("skipped: no namespaces here")
        sys.exit(SKIP)
    place = Place(directory, args.build, args.peers)
    zone = os.path.join(directory, "zone")
    with open(zone, "w") as f:
        f.write(ZONE % {"k": place.public})
    dns = peer_measure.Dns(SOURCE, zone)
    dns.start(0)
    same = explained = 0
    bad = shipped(place)
    try:
        for name in [args.site] if args.site else SITES:
            counts = run_site(place, name)
            same, explained = same + counts[0], explained + counts[1]
            bad += counts[2]
    finally:
        dns.stop()
    print("%d messages: %d the same, %d explained differences, %d failures" % (
        same + explained + bad, same, explained, bad))
    sys.exit(bad > 0)


main()
