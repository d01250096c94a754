"""bench_pyspf - the SPF check of bench_spf.c with pyspf, DNS in memory"""
import sys
import time

try:
    import spf
except ImportError:
    print('spf pyspf: not measured, python3-spf is missing')
    sys.exit(0)

RECORDS = {
    'd.example': b'v=spf1 ip4:203.0.113.1 ip4:203.0.113.2 ip4:203.0.113.3 '
                 b'ip4:203.0.113.64/26 include:i1.example include:i2.example '
                 b'include:i3.example -all',
    'i1.example': b'v=spf1 ip4:198.51.100.0/28 ip4:198.51.100.16/28 '
                  b'ip4:198.51.100.32/28 ip4:198.51.100.48/28 '
                  b'ip4:198.51.100.64/28 ip6:2001:db8:1::/48 '
                  b'ip6:2001:db8:2::/48 ip6:2001:db8:3::/48 ~all',
    'i2.example': b'v=spf1 ip4:198.51.100.80/28 ip4:198.51.100.96/28 '
                  b'ip4:198.51.100.112/28 ip4:198.51.100.128/28 '
                  b'ip4:198.51.100.144/28 ip6:2001:db8:4::/48 '
                  b'ip6:2001:db8:5::/48 ip6:2001:db8:6::/48 ~all',
    'i3.example': b'v=spf1 ip4:198.51.100.160/28 ip4:198.51.100.176/28 '
                  b'ip4:198.51.100.192/28 ip6:2001:db8:7::/48 '
                  b'ip6:2001:db8:8::/48 ip4:192.0.2.0/24 ~all',
}


def lookup(name, kind, *rest):
    text = RECORDS.get(name) if kind == 'TXT' else None
    return [((name, kind), [text])] if text else []


def main():
    spf.DNSLookup = lookup
    checks, begin, cpu = 0, time.monotonic(), time.process_time()
    while True:
        for _ in range(50):
            result, _ = spf.check2(i='192.0.2.1', s='user@d.example',
                                   h='mail.example.org')
            if result != 'pass':
                sys.exit('the result of pyspf is %s, not pass' % result)
        checks += 50
        seconds = time.monotonic() - begin
        if seconds > 2:
            break
    cpu = time.process_time() - cpu
    print('spf %-22s 1 thread  %9.0f checks/s %8.2f us of CPU each' % (
        'pyspf', checks / seconds, 1e6 * cpu / checks))


if __name__ == '__main__':
    main()
