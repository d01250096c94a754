"""The fragments of the pages in contrib/recipes, on the ports of a world.

A fragment is between the lines "--- FILE" and "---". Ports, addresses and
domains are replaced; everything else is as the reader copies it.
"""

import contextlib
import os
import re

import programs

RECIPES = os.path.join(programs.SOURCE, "contrib", "recipes")
PORTS = {"25": "smtp", "10024": "filter", "10025": "return",
         "10026": "mailman", "10587": "balanced"}


def fragments(name, kind):
    """All fragments for the file `kind` on a page, as one text."""
    with open(os.path.join(RECIPES, name)) as f:
        found = re.findall(r"(?ms)^--- %s\n(.*?)^---\n" % re.escape(kind),
                           f.read())
    assert found, "%s has nothing for %s" % (name, kind)
    return "".join(found)


def millgate_conf(world, name):
    text = fragments(name, "millgate.conf").replace("example.org",
                                                    "example.net")
    text = re.sub(r"(daemon-ports = \{)(\d+)", lambda m: m.group(1) + str(
        world.port[PORTS[m.group(2)]]), text)
    return text.replace('"127.0.0.1"', '"127.0.0.1", "%s"' % world.address)


def main_cf(world, name):
    return placed(world, fragments(name, "main.cf"))


def master_cf(world, name, kind="master.cf"):
    """Without chroot, which the programs of a world do not have."""
    text = re.sub(r"(?m)^(\S+ +(?:inet|unix|pass) +\S+ +\S+ +)y", r"\1n",
                  fragments(name, kind))
    return placed(world, text)


def placed(world, text):
    return re.sub(r"(?:127\.0\.0\.1|192\.0\.2\.25)(\]?):(\d+)",
                  lambda m: "%s%s:%d" % (world.address, m.group(1),
                                         world.port[PORTS[m.group(2)]]), text)


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


class Elsewhere:
    """The world with other addresses or ports."""

    def __init__(self, world, **changes):
        self.world = world
        self.__dict__.update(changes)

    def __getattr__(self, name):
        return getattr(self.world, name)
