"""spf_suite - suites of SPF cases in the YAML format of openspf.org

The suites are not ours to distribute. Debian's package python3-spf has them,
and contrib/lib/programs unpacks it, because dpkg may be told to leave out
/usr/share/doc. Each case runs with and without prefetch, which must not make
a difference, and with no more questions than the bound that spf_check.h
states (twice that with prefetch, which may ask in vain).
"""
import gzip
import os
import sys

import spf_tool

BOUND = 123
PACKAGE = 'usr/share/doc/python3-spf'


def directories():
    """$MILLGATE_VECTORS alone, if it is set."""
    source = os.environ.get('srcdir', '.')
    if os.environ.get('MILLGATE_VECTORS'):
        return [os.environ['MILLGATE_VECTORS']]
    programs = os.environ.get('MILLGATE_PROGRAMS') or os.path.join(
        source, 'build-programs')
    return [os.path.join(programs, PACKAGE), os.path.join('/', PACKAGE),
            os.path.join(source, '..', 'shared', 'vectors')]


def skip(reason):
    print('skipped: ' + reason)
    sys.exit(spf_tool.SKIP)


def load(name):
    """The scenarios of a file, which may be compressed."""
    try:
        import yaml
    except ImportError:
        skip('python3-yaml is missing')
    for directory in directories():
        path = os.path.join(directory, name)
        for there, opened in ((path, open), (path + '.gz', gzip.open)):
            if os.path.exists(there):
                print('# ' + there)
                with opened(there, 'rt', encoding='utf-8') as f:
                    return list(yaml.safe_load_all(f))
    skip('no %s in %s; run contrib/lib/programs, or set MILLGATE_VECTORS' % (
        name, ', '.join(directories())))


def txt(value):
    """Octets are written as characters up to U+00FF."""
    strings = value if isinstance(value, list) else [value]
    return [s.encode('latin-1') for s in strings]


def host(value):
    return str(value).rstrip('.')


def alias(value):
    """A zone text cannot say that an alias leads to the root, where no
    record is. One that leads to no name at all is as void (4.6.4)."""
    return host(value) or 'nothing.invalid'


def zone_of(zonedata):
    """Records of the extinct type SPF stand for TXT, unless there is any."""
    zone = {}
    for owner, entries in zonedata.items():
        records = zone.setdefault(str(owner), [])
        pairs = [next(iter(e.items())) for e in entries
                 if isinstance(e, dict)]
        has_txt = any(kind == 'TXT' for kind, _ in pairs)
        for kind, value in pairs:
            if kind == 'SPF' and not has_txt or \
                    kind == 'TXT' and value != 'NONE':
                # a TXT without any string cannot be published
                if value:
                    records.append(('TXT', txt(value)))
            elif kind == 'MX':
                records.append(('MX', (value[0], host(value[1]))))
            elif kind == 'CNAME':
                records.append((kind, alias(value)))
            elif kind in ('A', 'AAAA', 'PTR'):
                records.append((kind, str(value)))
        if 'TIMEOUT' in entries:
            records.append(('TIMEOUT', None))
    return zone


def judge(case, answer):
    want = case['result']
    want = want if isinstance(want, list) else [want]
    if answer.result not in want:
        return 'want %s' % ' or '.join(want)
    explanation = case.get('explanation')
    if explanation is None:
        return None
    got = answer.explanation
    if explanation == 'DEFAULT':
        return None if got is None else 'want no explanation'
    if got is None or got.lower() != explanation.lower():
        return 'want explanation "%s"' % explanation
    return None


def run(tool, title, case):
    args = (case['host'], case['helo'], case['mailfrom'] or '')
    plain = tool.check(*args)
    wrong = judge(case, plain)
    early = tool.check(*args, prefetch=True)
    if early.key() != plain.key():
        wrong = 'prefetch changes it to %s (%s)' % (early.result,
                                                    early.reason)
    if plain.questions > BOUND or early.questions > 2 * BOUND:
        wrong = '%d and %d questions' % (plain.questions, early.questions)
    if wrong:
        print('not ok - %s: %s: got %s (%s) "%s": %s' % (
            title, case['name'], plain.result, plain.reason,
            plain.explanation, wrong))
    else:
        print('ok - %s: %s' % (title, case['name']))
    return not wrong


def run_all(suite):
    """Exit status: 0 when all cases are as the suite says."""
    tool = spf_tool.Tool()
    good = total = 0
    for scenario in suite:
        title = scenario.get('description') or scenario.get('comment') or '-'
        tool.zone(zone_of(scenario['zonedata']))
        for key, case in scenario['tests'].items():
            case['name'] = key
            total += 1
            good += run(tool, title.splitlines()[0], case)
    if tool.close() != 0:
        sys.exit('spf_check_tool failed at its end')
    print('%d of %d' % (good, total))
    return 0 if good == total and total > 0 else 1
