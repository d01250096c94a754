"""The paths of the programs of a world.

Postfix, Dovecot, nsd and Sendmail are those of the system, or those that
contrib/lib/programs unpacked from their packages. The databases are always
unpacked. Unpacked programs change nothing in the system: no user, no service,
no file below /etc.
"""

import glob
import os
import re
import shutil

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))

PLACES = ("usr/sbin", "usr/bin", "sbin", "bin", "usr/lib/postfix/sbin",
          "usr/lib/dovecot")
DATABASE_PLACES = ("usr/sbin", "usr/bin", "usr/lib/postgresql/15/bin")


class Missing(Exception):
    """A program of the world is not installed."""


def unpacked_root():
    """The directory of unpacked packages, or None."""
    root = os.environ.get("MILLGATE_PROGRAMS",
                          os.path.join(SOURCE, "build-programs"))
    return root if os.path.isdir(os.path.join(root, "usr")) else None


def find(name):
    """The path of a program: the unpacked one, else the system's."""
    roots = [root for root in (unpacked_root(), "/") if root]
    for root in roots:
        for place in PLACES:
            path = os.path.join(root, place, name)
            if os.access(path, os.X_OK):
                return path
    path = shutil.which(name)
    if path is None:
        raise Missing("%s not found: run contrib/lib/programs, or install "
                      "postfix, dovecot-core and nsd" % name)
    return path


def find_sendmail():
    """Sendmail's own sendmail; Postfix has a program of that name, too."""
    for root in (unpacked_root(), "/"):
        path = root and os.path.join(root, "usr/libexec/sendmail/sendmail")
        if path and os.access(path, os.X_OK):
            return path
    raise Missing("Sendmail not found: run contrib/lib/programs")


def sendmail_cf():
    """The directory of its m4 macros, in the same tree as the program."""
    return os.path.join(find_sendmail()[:-len("usr/libexec/sendmail/sendmail")]
                        or "/", "usr/share/sendmail/cf")


def databases_root():
    """The directory of PostgreSQL, MariaDB and OpenLDAP."""
    root = os.path.join(unpacked_root() or "/nonexistent", "databases")
    if not os.path.isdir(os.path.join(root, "usr")):
        raise Missing("databases not found: run contrib/lib/programs")
    return root


def find_database(name, root=None):
    """A server or client below root, by default databases_root()."""
    for place in DATABASE_PLACES:
        path = os.path.join(root or databases_root(), place, name)
        if os.access(path, os.X_OK):
            return path
    raise Missing("%s not found: run contrib/lib/programs" % name)


def database_tables():
    """Postfix's dynamicmaps.cf with the tables of the databases."""
    try:
        place = os.path.join(databases_root(), "usr/lib/postfix")
    except Missing:
        return ""
    return "".join("%s %s/postfix-%s.so dict_%s_open\n" % (
        name, place, name, name) for name in ("pgsql", "mysql", "ldap",
                                              "sqlite"))


def database_environment(root):
    """As environment(), with the libraries of the databases first."""
    env = environment()
    paths = glob.glob(os.path.join(root, "usr/lib/*-linux-gnu*"))
    env["LD_LIBRARY_PATH"] = ":".join(paths)
    return env


def library_path():
    """LD_LIBRARY_PATH for unpacked programs; "" for the system's."""
    root = unpacked_root()
    if root is None:
        return ""
    places = ["usr/lib/postfix", "usr/lib/dovecot",
              "usr/lib/dovecot/modules/old-stats"]
    paths = [os.path.join(root, place) for place in places]
    paths += glob.glob(os.path.join(root, "usr/lib/*-linux-gnu*"))
    return ":".join(paths)


def environment():
    """The complete environment of every process of the world."""
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
           "TZ": "UTC"}
    if library_path():
        env["LD_LIBRARY_PATH"] = library_path()
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS",
                 "LSAN_OPTIONS", "OPENSSL_CONF", "SOFTHSM2_CONF"):
        if name in os.environ:
            env[name] = os.environ[name]
    return env


def unit_settings(build, name):
    """The values of an assignment in the systemd unit of this build."""
    with open(os.path.join(build, "packaging/millgate.service")) as f:
        return re.findall(r"(?m)^%s=(.*)$" % name, f.read())


def with_capabilities_of_unit(build):
    """A command that runs another one as root, with no others than these."""
    names = unit_settings(build, "CapabilityBoundingSet")[0].split()
    return ["setpriv", "--inh-caps=-all", "--bounding-set=-all," + ",".join(
        "+" + name.removeprefix("CAP_").lower() for name in names)]
