"""A private Sendmail beside Postfix, with contrib/sendmail/millgate.mc.

The fragment for operators is used unchanged except for its ports and
addresses, which Postfix has in this world. View is the world with Sendmail
instead of Postfix, so that the same cases run with both.
"""

import os
import pwd
import re
import shutil
import subprocess

import isolate
import programs
import recipes
import services
from services import Trouble

FRAGMENT = os.path.join(programs.SOURCE, "contrib", "sendmail")
CLIENT_USER = "mail"	# the owner of the queue of sendmail(1)
PORTS = {"smtp": "sendmail_mta", "submission": "sendmail_msa",
         "smtps": "sendmail_tls"}
# the ports of the fragment, and their names in this world
FRAGMENT_PORTS = {"25": "sendmail_mta", "587": "sendmail_msa",
                  "465": "sendmail_tls", "10587": "sendmail_msp"}

# lines of recipes: the recipe, their name and port
RECIPES = (("localhost", "WEB", "sendmail_web"),
           ("filter", "RETURN", "sendmail_return"))

COMMON_MC = """\
divert(0)dnl
OSTYPE(`linux')dnl
define(`confDOMAIN_NAME', `mx.example.net')dnl
define(`confSERVICE_SWITCH_FILE', `{d}/service.switch')dnl
define(`confDONT_PROBE_INTERFACES', `True')dnl
define(`confDONT_BLAME_SENDMAIL', `GroupWritableDirPathSafe,TrustStickyBit')dnl
define(`confTRUSTED_USER', `root')dnl
define(`confTO_IDENT', `0')dnl
define(`confQUEUE_LA', `1000')dnl
define(`confREFUSE_LA', `1000')dnl
define(`confDELIVERY_MODE', `interactive')dnl
"""

# All mail is local and delivered before the reply to the message. TLS before
# 1.2 is enabled, as in Postfix, so that millgate must refuse it.
DAEMON_MC = COMMON_MC + """\
define(`QUEUE_DIR', `{d}/queue')dnl
define(`confPID_FILE', `{d}/sendmail.pid')dnl
define(`STATUS_FILE', `{d}/statistics')dnl
define(`HELP_FILE', `')dnl
undefine(`ALIAS_FILE')dnl
define(`confCW_FILE', `{d}/local-host-names')dnl
define(`confDEF_USER_ID', `{user}')dnl
define(`confCACERT', `{pki}/trusted.pem')dnl
define(`confCACERT_PATH', `{pki}')dnl
define(`confSERVER_CERT', `{pki}/server.pem')dnl
define(`confSERVER_KEY', `{pki}/server.key')dnl
define(`confCIPHER_LIST', `DEFAULT:@SECLEVEL=0')dnl
FEATURE(`accept_unresolvable_domains')dnl
FEATURE(`use_cw_file')dnl
define(`LOCAL_MAILER_PATH', `{d}/deliver')dnl
define(`LOCAL_MAILER_ARGS', `deliver {d}/mail $u')dnl
MODIFY_MAILER_FLAGS(`LOCAL', `-Afmw5:|/@')dnl
{fragment}
MAILER(`local')dnl
MAILER(`smtp')dnl
LOCAL_CONFIG
ESASL_CONF_PATH={d}/sasl
"""

CLIENT_MC = COMMON_MC + """\
define(`MSP_QUEUE_DIR', `{d}/client')dnl
define(`confPID_FILE', `{d}/client.pid')dnl
define(`STATUS_FILE', `{d}/client.st')dnl
define(`confRUN_AS_USER', `{client}')dnl
{fragment}
FEATURE(`msp', `[{address}]')dnl
"""

# One file for each message, complete when it appears.
DELIVER = """\
#!/bin/sh
umask 022
name=$(date +%s%N).$$
cat >"$1/tmp/$name" && mv "$1/tmp/$name" "$1/new/$name"
"""


class Sendmail(services.Service):
    name = "sendmail"

    def __init__(self, world):
        super().__init__(world)
        self.made = False

    def fragment(self, name):
        """A file of contrib/sendmail with the ports of this world."""
        with open(os.path.join(FRAGMENT, name)) as f:
            text = f.read()
        port, address = self.world.port, self.world.address

        def moved(match):
            return match.group(1) + str(port[FRAGMENT_PORTS[match.group(2)]])
        text = re.sub(r"(Port=|TCP \$h )(\d+)", moved, text)
        text = re.sub(r"Family=inet, Port", "Family=inet, Addr=%s, Port" %
                      address, text)
        text = text.replace("Addr=127.0.0.1", "Addr=" + address)
        return text.replace("unix:/run/millgate/millgate.sock",
                            "inet:%d@%s" % (port["milter"], address))

    def recipes(self):
        """The ports that recipes add to millgate.mc, as in fragment()."""
        lines = ""
        for recipe, name, port in RECIPES:
            line = next(line for line in recipes.block(
                recipe, "sendmail.mc").splitlines() if "Name=" + name in line)
            lines += re.sub(r"Port=\d+", "Port=%d" % self.world.port[port],
                            line).replace("127.0.0.1",
                                          self.world.address) + "\n"
        return lines

    def configure(self):
        if self.made:
            return
        d = self.directory
        for part in ("queue", "client", "mail", "mail/tmp", "mail/new",
                     "sasl"):
            os.makedirs(os.path.join(d, part), exist_ok=True)
        os.chmod(d + "/queue", 0o700)
        os.chmod(d + "/client", 0o770)
        shutil.chown(d + "/client", CLIENT_USER, CLIENT_USER)
        for part in ("mail/tmp", "mail/new"):
            shutil.chown(os.path.join(d, part), services.DELIVERY_USER)
        # a copy without the setgid bit: else libsasl ignores our directory
        shutil.copyfile(programs.find_sendmail(), d + "/sendmail")
        os.chmod(d + "/sendmail", 0o755)
        services.write(d + "/service.switch", "hosts files\n")
        services.write(d + "/statistics", "")
        services.write(d + "/local-host-names",
                       "\n".join(self.world.mail_domains) + "\n")
        services.write(d + "/deliver", DELIVER, 0o755)
        self.make_logins()
        self.make_cf("daemon", DAEMON_MC, self.fragment("millgate.mc") +
                     self.recipes())
        self.make_cf("submit", CLIENT_MC, self.fragment("submit.mc"))
        self.made = True

    def make_logins(self):
        d = self.directory
        services.write(d + "/sasl/Sendmail.conf", """\
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: {d}/sasl/sasldb2
mech_list: PLAIN LOGIN SCRAM-SHA-256 EXTERNAL
""".format(d=d), 0o600)
        for login, password in self.world.logins.items():
            user, _, realm = login.partition("@")
            realm = realm or "mx.example.net"
            self.run([programs.find("saslpasswd2"), "-p", "-c", "-f",
                      d + "/sasl/sasldb2", "-u", realm, user],
                     password.encode())
        os.chmod(d + "/sasl/sasldb2", 0o600)

    def make_cf(self, name, text, fragment):
        cf = programs.sendmail_cf() + "/"
        source = "%s/%s.mc" % (self.directory, name)
        delivery = pwd.getpwnam(services.DELIVERY_USER)
        services.write(source, text.format(
            d=self.directory, pki=self.world.pki, address=self.world.address,
            user="%d:%d" % (delivery.pw_uid, delivery.pw_gid),
            client="%s:%s" % (CLIENT_USER, CLIENT_USER),
            fragment=fragment))
        done = self.run(["m4", "-D_CF_DIR_=" + cf, cf + "m4/cf.m4", source])
        services.write("%s/%s.cf" % (self.directory, name), done.decode())

    @staticmethod
    def run(argv, stdin=b""):
        done = subprocess.run(argv, input=stdin, capture_output=True,
                              env=programs.environment(), timeout=60)
        if done.returncode != 0:
            raise Trouble("%s: status %d\n%s" % (
                " ".join(argv), done.returncode, done.stderr.decode()))
        return done.stdout

    def argv(self):
        d = self.directory
        return [d + "/sendmail", "-bD", "-C", d + "/daemon.cf",
                "-X", d + "/transcript.log"]

    def ready(self):
        address, port = self.world.address, self.world.port
        return (services.answers(address, port["sendmail_tls"]) and
                services.greets(address, port["sendmail_mta"]) and
                services.greets(address, port["sendmail_msa"]))

    def logs(self):
        return [self.output, self.directory + "/transcript.log"]

    def quarantined(self):
        """Queue ids of the quarantined messages."""
        return re.findall(r"(?m)^([0-9A-Za-z]{14})[* +X?-]",
                          self.command("-bp", "-qQ"))

    def command(self, *args):
        """Run the daemon's sendmail for another purpose; its output."""
        d = self.directory
        return self.run([d + "/sendmail", "-C", d + "/daemon.cf",
                         *args]).decode()

    def submit(self, text, *args):
        """Run sendmail(1); return its status and output."""
        d = self.directory
        return subprocess.run(
            [d + "/sendmail", "-Ac", "-C", d + "/submit.cf", *args],
            input=text.replace("\r\n", "\n").encode(), capture_output=True,
            env=programs.environment(), timeout=60)


class View:
    """The world with Sendmail as its MTA."""

    xclient = False		# clients connect from their own addresses
    rewrites = True		# rewrites address fields after signing

    def __init__(self, world):
        self.world = world
        self.port = dict(world.port)
        self.port.update((name, world.port[ours])
                         for name, ours in PORTS.items())

    def __getattr__(self, name):
        return getattr(self.world, name)

    def queue(self):
        return {number: "hold" for number in self.sendmail.quarantined()}

    def settle(self):
        """Sendmail has delivered when it answers."""

    def mailbox(self, _domain):
        return os.path.join(self.sendmail.directory, "mail", "new")


def needs_addresses():
    """Can clients connect from addresses of other networks?"""
    return isolate.isolated()
