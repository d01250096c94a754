"""spf_pyspf - pyspf's own suite: results and explanations

The suite is what pyspf's testspf.py runs beside the suite of RFC 7208: its
cases from bug reports (test.yml), the suite of RFC 4408, and those examples
in its documentation that check a record (over the zone of doctest.yml).

Where RFC 7208 says something else than pyspf, DEVIATIONS has what it says
and the section. A case of that list that is not met is an error. The text of
Received-SPF is not compared: RFC 7208 leaves its comment free (9.1).
"""
import ast
import doctest
import importlib.util
import os
import re
import sys

sys.path.insert(0, os.path.join(os.environ.get('srcdir', '.'), 'tests/spf'))
sys.dont_write_bytecode = True
import spf_suite

# name of the case -> (result of RFC 7208, why)
DEVIATIONS = {
    'default-modifier': (
        'neutral', 'default= is not a modifier of RFC 7208, and unknown '
        'modifiers are ignored (6); no mechanism matches, so the result is '
        'neutral (4.7)'),
    'default-modifier-harsh': (
        'neutral', 'likewise (6, 4.7); "ambiguous" is not a result (2.6)'),
    'check: v=spf1 ip4:1.2.3.4 -a:example.net -all (local policy)': (
        'fail', 'pyspf adds mechanisms of its caller to the record; '
        'check_host() has no such argument (4.1), and -all matches (5.1)'),
}

# pyspf's texts for a result without an explanation
NO_EXPLANATION = 'SPF fail - not authorized'
QUERY = re.compile(r"(\w) = query\(")
CHECK = re.compile(r"(\w)\.check\((?:spf='([^']*)')?\)$")
DOMAIN = 'email.example.com'


def case_of(query, want):
    """A query's arguments, and the tuple that its check() returns."""
    result, _, text = ast.literal_eval(want)
    case = {'host': query['i'], 'helo': query['h'], 'mailfrom': query['s'],
            'result': result}
    if result == 'fail':
        case['explanation'] = 'DEFAULT' if text == NO_EXPLANATION else text
    return case


def examples(function):
    """(name, record or None, case) for each check in its documentation."""
    query, local = {}, ''
    for example in doctest.DocTestParser().get_examples(function.__doc__):
        source = example.source.strip()
        made, checked = QUERY.match(source), CHECK.match(source)
        if made:
            query = dict(re.findall(r"(\w)='([^']*)'", source))
        elif 'libspf_local' in source:
            local = ' (local policy)'
        elif checked:
            record = checked.group(2)
            name = '%s: %s%s' % (function.__name__, record or 'no record',
                                 local)
            yield name, record, case_of(query, example.want)


def documentation():
    """The same as scenarios, each with the zone of its record."""
    spec = importlib.util.find_spec('spf')
    if spec is None:
        spf_suite.skip('python3-spf is missing')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    zonedata = spf_suite.load('doctest.yml')[0]['zonedata']
    for function in (module.query.check, module.query.get_header):
        for name, record, case in examples(function):
            zone = dict(zonedata)
            if record is not None:
                zone[DOMAIN] = [{'TXT': record}]
            yield {'description': 'documentation', 'zonedata': zone,
                   'tests': {name: case}}


def deviate(suite):
    """Put in what RFC 7208 says; the names that were met."""
    met = set()
    for scenario in suite:
        for name, case in scenario['tests'].items():
            if name in DEVIATIONS:
                met.add(name)
                case['result'], why = DEVIATIONS[name]
                case.pop('explanation', None)
                print('# %s: %s: %s' % (name, case['result'], why))
    return met


def main():
    suite = spf_suite.load('test.yml') + \
        spf_suite.load('rfc4408-tests.yml') + list(documentation())
    unmet = set(DEVIATIONS) - deviate(suite)
    for name in sorted(unmet):
        print('not ok - %s is not a case of this pyspf' % name)
    return spf_suite.run_all(suite) or len(unmet) > 0


if __name__ == '__main__':
    sys.exit(main())
