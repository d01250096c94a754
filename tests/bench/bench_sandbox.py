#!/usr/bin/python3
"""bench_sandbox - what the sandbox and the key process cost

Starts millgate with neither, with one of them, and with both as shipped. They
get the same messages in turns; printed are messages per second, CPU time of
all processes of the server per message, the median of the ratios of each round
to the first server, and the median and 99th percentile of the time that a
message takes. The key is RSA-2048. bench_key_process measures the signatures
alone.
"""
import sys

sys.dont_write_bytecode = True
import peer_servers			# noqa: E402
import turns				# noqa: E402


class Neither(peer_servers.Millgate):
    name = "neither"
    more = "sandbox = no\nkey-process = no\n"


class Sandbox(peer_servers.Millgate):
    name = "sandbox"
    more = "key-process = no\n"


class KeyProcess(peer_servers.Millgate):
    name = "key process"
    more = "sandbox = no\n"


class Both(peer_servers.Millgate):
    name = "both"


def main():
    turns.run(turns.checked(turns.parser(__doc__)), lambda place: [
        cls(place) for cls in (Neither, Sandbox, KeyProcess, Both)])


main()
