"""The recipes of millgate-howto(7), on the ports of a world.

A block of the page is between .Bd and .Ed. A comment in front of it names its
recipe and its file. Ports, addresses, domains and directories are replaced;
everything else is as the reader copies it.
"""

import contextlib
import glob
import os
import re
import subprocess

import programs
import services

PAGE = os.path.join(programs.SOURCE, "packaging", "millgate-howto.7.in")
BLOCK = (r'(?ms)^\.\\" recipe (\S+): ([^\n]+)\n'
         r'\.Bd -literal[^\n]*\n(.*?)^\.Ed\n')
# what the build and man(1) make of the text
PRINTED = ((r"\(dq", '"'), (r"\e", "\\"), (r"\&", ""),
           ("@pkgsysconfdir@", "/etc/millgate"),
           ("@statedir@", "/var/lib/millgate"))
PORTS = {"25": ("smtp",), "10024": ("filter",), "10025": ("return",),
         "10026": ("mailman",), "10587": ("balanced",),
         "587": ("submission", "contrib_submission", "second"),
         "465": ("smtps", "contrib_submissions")}


def blocks():
    """{(recipe, file): its text} of the whole page."""
    with open(PAGE, encoding="utf-8") as f:
        found = re.findall(BLOCK, f.read())
    texts = {(name, kind): printed(text) for name, kind, text in found}
    assert len(texts) == len(found), "two blocks of one name"
    return texts


def printed(text):
    for roff, plain in PRINTED:
        text = text.replace(roff, plain)
    return text


def block(name, kind):
    """The text of one block."""
    return blocks()[name, kind]


def ours(text):
    """With the domain of a world."""
    return text.replace("example.org", "example.net")


def millgate_conf(world, name, kind="millgate.conf", places=()):
    """The whole configuration of a recipe; `places`: more replacements."""
    text = ours(block(name, kind))
    for page, value in places:
        assert page in text, page
        text = text.replace(page, value)
    text = re.sub(r"(?m)^socket(-group)? = .*\n", "", text)
    text = re.sub(r"(daemon-ports = \{)([\d, ]+)", lambda m: m.group(1) +
                  ", ".join(str(world.port[port]) for number in
                            m.group(2).split(", ") for port in PORTS[number]),
                  text)
    text = text.replace('"127.0.0.1"', '"127.0.0.1", "%s"' % world.address)
    text = text.replace("/etc/millgate/keys", world.keys)
    for place in ("/etc/millgate/", "/var/lib/millgate/", "/usr/local/sbin/"):
        text = text.replace(place, world.millgate.directory + "/")
    return site(world, text) + text


def site(world, text):
    """The lines that a configuration needs in this world, without its own."""
    lines = world.socket_settings() + '\nuser = "%s"\n' % \
        services.MILTER_USER
    if "\nauthserv-id" not in text:
        lines += 'authserv-id = "mx.example.net"\n'
    if "\nstate = " not in text:
        lines += ('state = "{d}/recipe.db"\ncontrol-socket = '
                  '"{d}/state.db-control"\n').format(
                      d=world.millgate.directory)
    return lines + ('resolver { servers = {"%s@%d"}  timeout = 4 }\n' %
                    (world.address, world.port["dns"]))


@contextlib.contextmanager
def millgate_with(world, text):
    """Run millgate with this configuration, and with nothing counted yet."""
    world.millgate.stop()
    for path in glob.glob(world.millgate.directory + "/recipe.db*"):
        os.unlink(path)
    world.millgate.text = text
    world.millgate.start()
    try:
        yield
    finally:
        world.millgate.stop()
        world.millgate.text = None
        world.millgate.start()


def main_cf(world, name, kind="main.cf"):
    return placed(world, block(name, kind))


def master_cf(world, name, kind="master.cf"):
    """Without chroot, which the programs of a world do not have."""
    text = re.sub(r"(?m)^(\S+ +(?:inet|unix|pass) +\S+ +\S+ +)y", r"\1n",
                  block(name, kind))
    return placed(world, text)


def placed(world, text):
    return re.sub(r"(?:127\.0\.0\.1|192\.0\.2\.25)(\]?):(\d+)",
                  lambda m: "%s%s:%d" % (
                      world.address, m.group(1),
                      world.port[PORTS[m.group(2)][0]]), text)


@contextlib.contextmanager
def postfix_with(world, main="", master=""):
    """Run Postfix with these additions to its configuration."""
    world.postfix.extra, world.postfix.services = main, master
    try:
        world.postfix.restart()
        yield
    finally:
        world.postfix.extra = world.postfix.services = ""
        world.postfix.restart()


# --- what the reader types

COMMANDS = {
    "millgatectl": 'exec {build}/millgatectl -c {conf} "$@"',
    "systemctl": '[ "$*" = "reload millgate" ] && kill -HUP {pid}',
    "journalctl": '[ "$*" = "-u millgate" ] && cat {log}',
    "postqueue": 'MAIL_CONFIG={postfix}/etc exec {postqueue} "$@"',
    "postsuper": 'MAIL_CONFIG={postfix}/etc exec {postsuper} "$@"',
}


def run(world, name, kind):
    """The output of the commands of a block; each must succeed."""
    place = os.path.join(world.directory, "bin")
    os.makedirs(place, exist_ok=True)
    for command, text in COMMANDS.items():
        services.write(os.path.join(place, command), "#!/bin/sh\n" +
                       text.format(
            build=world.build, conf=world.millgate.conf,
            pid=world.millgate.process.pid, log=world.millgate.output,
            postfix=world.postfix.directory,
            postqueue=programs.find("postqueue"),
            postsuper=programs.find("postsuper")) + "\n", 0o755)
    env = programs.environment()
    env["PATH"] = place + ":" + env["PATH"]
    done = subprocess.run(["sh", "-e", "-c", ours(block(name, kind))],
                          env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done
    return done.stdout


def says(world, name, kind):
    """The newest line of the log that has all words of a block."""
    words = re.findall(r'[^\s"]+(?:"[^"]*")?', ours(block(name, kind)))

    def found():
        for line in reversed(world.millgate.log_text().splitlines()):
            has = re.findall(r'[^\s"]+(?:"[^"]*")?', line)
            if all(word in has for word in words):
                return line
        return None
    return services.wait_until("log line with " + " ".join(words), found)


class Elsewhere:
    """The world with other addresses or ports."""

    def __init__(self, world, **changes):
        self.world = world
        self.__dict__.update(changes)

    def __getattr__(self, name):
        return getattr(self.world, name)
