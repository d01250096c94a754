"""A supervisor and, where the kernel allows it, namespaces of our own.

The supervisor makes the temporary directory, runs the real program as its
child and removes the directory afterwards, however the child ended. With
namespaces the child has its own network (so the ports 25, 53, 465 and 587
are free), mounts, host name and process tree: whatever it started dies with
it. Without them it runs as it is, on addresses of 127.0.0.0/8.
"""

import ctypes
import fcntl
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile

INSIDE = "MILLGATE_WORLD"		# directory of the world, set for the child
SHARED = "MILLGATE_WORLD_SHARED"	# set when there are no namespaces
UNSHARE = ["unshare", "--net", "--mount", "--uts", "--pid", "--fork",
           "--kill-child", "--mount-proc"]
HOST = "mx.example.net"


def isolated():
    """Is this process the child, in namespaces of its own?"""
    return INSIDE in os.environ and SHARED not in os.environ


def namespaces_work():
    try:
        return subprocess.run(UNSHARE + ["true"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def die_with_parent():
    """For preexec_fn: SIGTERM when the parent is gone (PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def loopback_up():
    """ip link set lo up, on machines without iproute2."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(s, 0x8913, request))[1]
        fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", flags | 1))


def bind_over(directory, path, text):
    """Show text at path, in our mount namespace only."""
    if not os.path.exists(path):
        return
    copy = os.path.join(directory, os.path.basename(path))
    with open(copy, "w") as f:
        f.write(text)
    subprocess.run(["mount", "--bind", copy, path], check=True)


def settle(directory):
    """Set up the namespaces the child finds itself in."""
    loopback_up()
    socket.sethostname(HOST)
    bind_over(directory, "/etc/resolv.conf", "nameserver 127.0.0.1\n")
    bind_over(directory, "/etc/hosts", "127.0.0.1 localhost %s\n" % HOST)


def supervise(argv, keep):
    """Run argv as the child; its exit status, 128 + n after signal n."""
    directory = tempfile.mkdtemp(prefix="millgate-")
    os.chmod(directory, 0o755)	# the users of the world walk through it
    env = dict(os.environ)
    env[INSIDE] = directory
    if namespaces_work():
        argv = UNSHARE + argv
    else:
        env[SHARED] = "yes"
    child = subprocess.Popen(argv, env=env, preexec_fn=die_with_parent)

    def on_signal(number, _frame):
        # unshare itself blocks SIGTERM; killed, it takes all others along
        child.send_signal(signal.SIGTERM if SHARED in env else signal.SIGKILL)
        on_signal.got = number
    on_signal.got = 0
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, on_signal)

    status = child.wait()
    if keep:
        print("kept: %s" % directory, file=sys.stderr)
    else:
        shutil.rmtree(directory, ignore_errors=True)
    if on_signal.got:
        print("stopped by signal %d" % on_signal.got, file=sys.stderr)
        return 128 + on_signal.got
    return status if status >= 0 else 128 - status


def enter(keep=False):
    """
    Called first by a program. In the parent this never returns; in the child
    it returns the directory of the world.
    """
    if INSIDE not in os.environ:
        argv = [sys.executable] + sys.argv
        sys.exit(supervise(argv, keep))
    directory = os.environ[INSIDE]
    if isolated():
        settle(directory)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    return directory
