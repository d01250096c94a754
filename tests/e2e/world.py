"""One private world: names, addresses, keys, and its processes.

All its files are below one directory. Our own site is example.net. The other
domains belong to other sites; their names describe their DMARC policies.
"""

import base64
import glob
import json
import os
import pwd
import socket
import subprocess
import textwrap

import databases
import isolate
import programs
import sendmail
import services
from services import Trouble, wait_until

SITE = "example.net"
# the client address of honest mail of foreign domains, and of spoofed mail
HONEST, STRANGER = "192.0.2.10", "198.51.100.66"

LOGINS = {
    "alice@example.net": "wonder",
    "bob@example.net": "builder",
    "carol@example.net": "christmas",
    "dave@example.net": "tiny-plan",
    "erin@example.net": "tiny-plan",
    "frank@example.net": "tiny-plan",
    "grace@example.net": "tiny-plan",
    "heidi@example.net": "much-mail",
    "ivan@example.net": "tiny-plan",
    "judy@example.net": "tiny-plan",
    "ken@example.net": "tiny-plan",
    "lea@example.net": "tiny-plan",
    "leo@example.net": "five-tiers",
    "mike@example.net": "tiny-plan",
    "nina@example.net": "tiny-plan",
    "olga@example.net": "blocked-now-and-then",
    "paul@example.net": "from-everywhere",
    "queenie@example.net": "of-many-names",
    "ruth@example.net": "to-anybody",
    "peter": "of-this-host",
    "sam@example.net": "tiny-plan",
    "tina@example.net": "tiny-plan",
    "una@example.net": "a-plan-of-its-own",
    "vera@example.net": "a-plan-of-its-own",
    "walt@example.net": "a-plan-of-its-own",
    "xena@example.net": "a-plan-of-its-own",
    "yuri@example.net": "a-plan-of-its-own",
    "zoe@example.net": "a-plan-of-its-own",
    # of the customers in millgate-howto(7)
    "alice@acme.example": "of-a-customer",
    "info@acme.example": "of-a-customer",
    "carol@zenith.example": "of-a-customer",
}

EC_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"]

MAIL_DOMAINS = [SITE, "shop.example.net", "elsewhere.example", "burst.example"]

# foreign domain: its DMARC record
FOREIGN = {
    "strict.example": "v=DMARC1; p=reject",
    "cautious.example": "v=DMARC1; p=quarantine",
    "watching.example": "v=DMARC1; p=none",
    "plain.example": None,
    "xn--bcher-kva.example": "v=DMARC1; p=reject",	# bücher.example
    # asked for the first time by the cases about the DNS
    "late1.example": "v=DMARC1; p=reject",
    "late2.example": "v=DMARC1; p=reject",
    "late3.example": "v=DMARC1; p=reject",
    "late4.example": "v=DMARC1; p=reject",
    "late5.example": "v=DMARC1; p=reject",
    "late6.example": "v=DMARC1; p=reject",
}
# every name below these is a SERVFAIL
BROKEN = ["broken.example"]


def free_port(address, wanted, taken):
    """`wanted` if it is free for TCP and UDP on address, else another one."""
    for port in (wanted, 0, 0, 0, 0):
        tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with tcp, udp:
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tcp.bind((address, port))
                udp.bind((address, tcp.getsockname()[1]))
            except OSError:
                continue
            number = tcp.getsockname()[1]
            if number not in taken:
                return number
    raise Trouble("no free port on %s" % address)


def own_address():
    """127.0.0.1 in a namespace; else a rarely used loopback address."""
    if isolate.isolated():
        return "127.0.0.1"
    pid = os.getpid()
    return "127.%d.%d.%d" % (100 + pid // 65536 % 100, pid // 256 % 256,
                             1 + pid % 254)


def openssl(*args):
    done = subprocess.run(["openssl", *args], capture_output=True)
    if done.returncode != 0:
        raise Trouble("openssl %s: %s" % (args[0], done.stderr.decode()))
    return done.stdout


class World:
    rewrites = False	# Postfix does not rewrite the fields of a message

    def __init__(self, directory, build):
        self.directory, self.build = directory, build
        self.address = own_address()
        self.port = {}
        for name, wanted in (("smtp", 25), ("submission", 587),
                             ("smtps", 465), ("dns", 53), ("milter", 8899),
                             ("second", 3587), ("milter2", 3899),
                             ("redis", 6379), ("pgsql", 5432), ("mysql", 3306),
                             # low ports are for root
                             ("ldap", 3389), ("ldaps", 3636), ("faulty", 5440),
                             ("http", 8898),
                             ("contrib_submission", 1587),
                             ("contrib_submissions", 1465),
                             ("sendmail_mta", 2525), ("sendmail_msa", 2587),
                             ("sendmail_tls", 2465),
                             ("sendmail_msp", 2526),
                             # of millgate-howto(7)
                             ("filter", 10024), ("return", 10025),
                             ("mailman", 10026), ("balanced", 10587),
                             ("sendmail_web", 2528),
                             ("sendmail_return", 2529)):
            self.port[name] = free_port(self.address, wanted,
                                        self.port.values())
        self.pki = os.path.join(directory, "pki")
        self.keys = os.path.join(directory, "keys")
        self.foreign_key = None
        self.unix_socket = False
        self.logins, self.mail_domains = dict(LOGINS), list(MAIL_DOMAINS)
        self.broken = list(BROKEN)
        self.records, self.zone_lines = [], []
        self.nsd = services.Nsd(self)
        self.dovecot = services.Dovecot(self)
        self.postfix = services.Postfix(self)
        self.sendmail = sendmail.Sendmail(self)
        self.millgate = services.Millgate(self)
        # only for the cases that start them
        self.redis = services.Redis(self)
        self.databases = databases.all_of(self)
        self.pgsql, self.mysql, self.ldap = self.databases
        self.second = services.SecondMillgate(self)
        self.second_postfix = services.SecondPostfix(self)

    # --- keys and certificates

    def make_ca(self, name, subject="/O=millgate tests/CN=Test CA"):
        openssl("req", "-x509", *EC_KEY, "-days", "2", "-subj",
                subject, "-keyout",
                "%s/%s.key" % (self.pki, name), "-out",
                "%s/%s.pem" % (self.pki, name))

    def make_certificate(self, name, subject, ca, extensions=""):
        """Make name.crt and name.key in pki; ca None: self-signed."""
        path = os.path.join(self.pki, name)
        key = [*EC_KEY, "-subj", subject, "-keyout", path + ".key"]
        if ca is None:
            openssl("req", "-x509", *key, "-days", "2", "-out", path + ".crt")
            return path
        ca = os.path.join(self.pki, ca)
        openssl("req", *key, "-out", path + ".csr")
        services.write(path + ".ext", extensions)
        openssl("x509", "-req", "-in", path + ".csr", "-CA", ca + ".pem",
                "-CAkey", ca + ".key", "-CAcreateserial", "-days", "2",
                "-extfile", path + ".ext", "-out", path + ".crt")
        return path

    def make_pki(self):
        """Make CAs and a server certificate, on P-256, which is fast."""
        os.makedirs(self.pki)
        self.make_ca("ca")
        # the MTAs trust both CAs
        self.make_ca("partner", "/O=millgate tests/CN=Partner CA")
        both = ""
        for name in ("ca", "partner"):
            with open("%s/%s.pem" % (self.pki, name)) as f:
                both += f.read()
        services.write(self.pki + "/trusted.pem", both)
        path = self.make_certificate(
            "server", "/CN=mx.example.net", "ca", "subjectAltName="
            "DNS:mx.example.net,DNS:localhost,IP:%s\n" % self.address)
        with open(path + ".key") as key, open(path + ".crt") as crt:
            services.write(path + ".pem", key.read() + crt.read(), 0o600)

    def make_dkim_key(self, directory, domain, selector, algorithm):
        """Make a key in directory/domain/selector.private and its record."""
        # the key process reads keys, the daemon lists them: as packaging has
        # it; without a private passwd file both have the same user
        gid = pwd.getpwnam(services.MILTER_USER).pw_gid
        own = isolate.isolated()
        uid = pwd.getpwnam(isolate.KEY_USER).pw_uid if own else -1
        place = os.path.join(directory, domain)
        for path in (directory, place):
            os.makedirs(path, exist_ok=True)
            os.chown(path, -1, gid)
            os.chmod(path, 0o751)
        path = os.path.join(place, selector + ".private")
        if algorithm == "rsa":
            openssl("genpkey", "-algorithm", "rsa", "-pkeyopt",
                    "rsa_keygen_bits:2048", "-out", path)
        else:
            openssl("genpkey", "-algorithm", "ed25519", "-out", path)
        os.chown(path, uid, gid)
        os.chmod(path, 0o600 if own else 0o640)
        self.txt("%s._domainkey.%s" % (selector, domain),
                 self.key_record(path, algorithm))
        return path

    @staticmethod
    def key_record(path, algorithm):
        public = openssl("pkey", "-in", path, "-pubout", "-outform", "DER")
        if algorithm == "ed25519":
            public = public[-32:]	# RFC 8463: the bare key
        return "v=DKIM1; k=%s; p=%s" % (algorithm,
                                        base64.b64encode(public).decode())

    # --- DNS

    def record(self, name, kind, value):
        self.records.append((name, kind, value))

    def txt(self, name, text):
        self.record(name, "TXT", " ".join(
            '"%s"' % part for part in textwrap.wrap(
                text, 250, drop_whitespace=False)))

    def lookup_txt(self, name, timeout=5):
        """For dkimpy: look up a TXT record at the world's DNS server."""
        import dns.resolver	# comes with dkimpy
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers = [self.address]
        resolver.port = self.port["dns"]
        if isinstance(name, bytes):
            name = name.decode()
        try:
            answer = resolver.resolve(name, "TXT", lifetime=timeout)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return None
        return b"".join(answer[0].strings)

    def zone_text(self):
        head = ("$TTL 300\n. SOA ns. hostmaster. 1 3600 600 86400 5\n"
                ". NS ns.\nns. A %s\n" % self.address)
        return head + "".join("%s. %s %s\n" % r for r in self.records
                              ) + "".join(self.zone_lines)

    def make_zones(self):
        self.record("mx." + SITE, "A", self.address)
        self.record(SITE, "MX", "10 mx.%s." % SITE)
        for name in (*databases.NAMES, databases.OTHER_NAME):
            self.record(name, "A", self.address)
        self.make_dkim_key(self.keys, SITE, "rsa2026", "rsa")
        self.make_dkim_key(self.keys, SITE, "ed2026", "ed25519")
        # müller.example
        self.make_dkim_key(self.keys, "xn--mller-kva.example", "ed2026",
                           "ed25519")
        # making an RSA key takes long: all foreign domains share one
        self.foreign_key = os.path.join(self.directory, "foreign.private")
        openssl("genpkey", "-algorithm", "rsa", "-pkeyopt",
                "rsa_keygen_bits:2048", "-out", self.foreign_key)
        record = self.key_record(self.foreign_key, "rsa")
        for domain, dmarc in FOREIGN.items():
            self.record(domain, "MX", "10 mail.%s." % domain)
            self.record("mail." + domain, "A", HONEST)
            if dmarc is not None:
                self.txt(domain, "v=spf1 ip4:%s -all" % HONEST)
                self.txt("_dmarc." + domain, dmarc)
                self.txt("s1._domainkey." + domain, record)

    # --- millgate's configuration

    def milter_for_postfix(self):
        if self.unix_socket:
            return "unix:" + self.millgate_socket()
        return "inet:%s:%d" % (self.address, self.port["milter"])

    def millgate_socket(self):
        return os.path.join(self.millgate.directory, "milter.sock")

    def socket_settings(self):
        if not self.unix_socket:
            return 'socket = "inet:%d@%s"' % (self.port["milter"],
                                              self.address)
        return 'socket = "unix:%s"\nsocket-group = "%s"' % (
            self.millgate_socket(), services.MAIL_OWNER)

    def use_unix_socket(self, yes):
        self.millgate.stop()
        self.unix_socket = yes
        self.millgate.start()
        self.postfix.restart()

    def settings(self, top="", listeners="", users="", judges="",
                 local="", state=None):
        """The configuration; a case may add text in five places."""
        return """\
{socket}
authserv-id = "mx.example.net"
state = "{state}"
user = "{user}"
{top}

resolver {{
  servers = {{"{address}@{dns}"}}
  timeout = 4
}}

listener submission {{
  daemon-ports = {{{submission}, {smtps}, {second}, {sendmail_msa}, {sendmail_tls},
    {contrib_submission}, {contrib_submissions}}}
  direction = submission
  require-auth = yes
  require-tls = yes
  min-tls = "TLSv1.2"
  min-tls-bits = 128
  mechanisms = {{"PLAIN", "LOGIN", "SCRAM-SHA-256", "EXTERNAL",
    "OAUTHBEARER", "XOAUTH2"}}
}}
listener mx {{
  daemon-ports = {{{smtp}, {sendmail_mta}, {sendmail_web}}}
  direction = inbound
}}
listener local {{
  local = yes
  direction = submission
  {local}
}}
listener msp {{
  daemon-names = {{"MSP"}}
  direction = submission
  relay-for = {{"msp"}}
}}
relay msp {{
  networks = {{"127.0.0.1"}}
  senders = {{"@example.net"}}
  plan = standard
}}
{listeners}

plan tiny {{
  recipients-per-hour = 3
}}
default-plan = trial

user bob@example.net {{
  plan = premium
  senders = {{"bob@example.net", "@shop.example.net"}}
}}
user dave@example.net {{ plan = tiny }}
user erin@example.net {{ plan = tiny }}
user frank@example.net {{ plan = tiny }}
user grace@example.net {{ plan = tiny }}
user ivan@example.net {{ plan = tiny }}
user judy@example.net {{ plan = tiny }}
user ken@example.net {{ plan = tiny }}
user mike@example.net {{ plan = tiny }}
user nina@example.net {{ plan = tiny }}
user sam@example.net {{ plan = tiny }}
user tina@example.net {{ plan = tiny }}
{users}

signing {{
  key-directory = "{keys}"
}}
{judges}
""".format(socket=self.socket_settings(), state=state or
           self.directory + "/millgate/state.db", address=self.address, user=services.MILTER_USER,
           keys=self.keys, top=top, listeners=listeners, users=users,
           judges=judges, local=local, **self.port)

    # --- all together

    def start(self):
        self.make_pki()
        self.make_zones()
        self.nsd.start()
        self.dovecot.start()
        self.millgate.start()
        self.postfix.start()

    def stop(self):
        for service in (self.sendmail, self.second_postfix, self.postfix,
                        self.millgate, self.second, self.redis,
                        *self.databases, self.dovecot, self.nsd):
            service.stop()

    def mend(self):
        """After a failed case: restart everything as at the start."""
        self.unix_socket, self.millgate.extra = False, {}
        self.millgate.prefix, self.millgate.text = [], None
        self.millgate.sockets = []
        self.millgate.stop()
        for service in (self.sendmail, self.second, self.redis,
                        *self.databases, self.second_postfix):
            service.stop()	# the next case that needs it starts it
        for service in (self.nsd, self.dovecot, self.millgate, self.postfix):
            if not service.running():
                service.stop()
                service.start()

    def forget(self):
        """
        Remove what was counted, set and blocked: the next case begins with a
        new state, whatever ran before it.
        """
        self.millgate.stop()
        for path in glob.glob(self.millgate.directory + "/state.db*"):
            os.unlink(path)
        self.redis.forget()
        self.millgate.start()

    def print_logs(self):
        for path in self.all_logs():
            if os.path.exists(path) and os.path.getsize(path) > 0:
                print("# --- " + os.path.basename(path))
                with open(path, errors="replace") as f:
                    for line in f.read().splitlines()[-25:]:
                        print("# " + line)

    def all_logs(self):
        return [path for service in (self.nsd, self.dovecot, self.postfix,
                                     self.sendmail, self.millgate,
                                     self.second, self.redis,
                                     *self.databases, self.second_postfix)
                for path in service.logs()]

    # --- millgatectl

    def run_ctl(self, *args):
        return subprocess.run([os.path.join(self.build, "millgatectl"), "-c",
                               self.millgate.conf, *args], capture_output=True, text=True,
                              timeout=30, env=programs.environment())

    def ctl(self, *args):
        """The JSON output of millgatectl, which must exit with 0."""
        done = self.run_ctl(*args)
        if done.returncode != 0:
            raise Trouble("millgatectl %s: status %d\n%s%s" % (
                " ".join(args), done.returncode, done.stdout, done.stderr))
        return json.loads(done.stdout)

    # --- Postfix's queue

    def queue(self):
        """{queue id: queue name} of all messages in the queue."""
        done = self.postfix.command("postqueue", "-j")
        entries = [json.loads(line) for line in done.stdout.splitlines()]
        return {e["queue_id"]: e["queue_name"] for e in entries}

    def settle(self, seconds=60.0):
        """Wait until Postfix has finished all its deliveries."""
        def settled():
            names = set(self.queue().values())
            if "incoming" in names:
                # its queue manager missed it, or found it locked, and would
                # look again in five minutes
                self.postfix.command("postkick", "public", "qmgr", "I")
            return names <= {"hold", "deferred"}
        try:
            wait_until("all mail is delivered, held or deferred", settled,
                       seconds)
        except Trouble as why:
            raise Trouble("%s, but in the queue: %r" % (why, self.queue()))

    def mailbox(self, domain):
        return os.path.join(self.postfix.directory, "mail", domain, "new")
