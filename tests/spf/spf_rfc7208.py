"""spf_rfc7208 - the test suite of RFC 7208, every result and explanation

The suite is not ours to distribute; it is looked for in $MILLGATE_VECTORS and
beside the sources. Each case runs with and without prefetch, which must not
make a difference, and with no more questions than the bound that spf_check.h
states (twice that with prefetch, which may ask in vain).
"""
import os
import sys

sys.path.insert(0, os.path.join(os.environ.get('srcdir', '.'), 'tests/spf'))
sys.dont_write_bytecode = True
import spf_tool

BOUND = 123


def load():
    try:
        import yaml
    except ImportError:
        print('skipped: python3-yaml is missing')
        sys.exit(spf_tool.SKIP)
    where = os.environ.get('MILLGATE_VECTORS') or os.path.join(
        os.environ.get('srcdir', '.'), '..', 'shared', 'vectors')
    path = os.path.join(where, 'rfc7208-tests.yml')
    if not os.path.exists(path):
        print('skipped: %s is missing (set MILLGATE_VECTORS)' % path)
        sys.exit(spf_tool.SKIP)
    with open(path, encoding='utf-8') as f:
        return list(yaml.safe_load_all(f))


def txt(value):
    """Octets are written as characters up to U+00FF."""
    strings = value if isinstance(value, list) else [value]
    return [s.encode('latin-1') for s in strings]


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
                records.append(('MX', (value[0], value[1])))
            elif kind in ('A', 'AAAA', 'PTR', 'CNAME'):
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


def main():
    suite = load()
    tool = spf_tool.Tool()
    good = total = 0
    for scenario in suite:
        tool.zone(zone_of(scenario['zonedata']))
        for key, case in scenario['tests'].items():
            case['name'] = key
            total += 1
            good += run(tool, scenario['description'], case)
    if tool.close() != 0:
        sys.exit('spf_check_tool failed at its end')
    print('%d of %d' % (good, total))
    return 0 if good == total and total > 0 else 1


if __name__ == '__main__':
    sys.exit(main())
