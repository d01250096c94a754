"""check-rules - what contrib has for Prometheus and Grafana

promtool accepts the rules and every query of the dashboard. Each alert is in
millgate-metrics(7), and a test has it both silent and firing. check-metrics.py
compares the names of the metrics.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

SRC = os.environ.get('srcdir', '.')
RULES = os.path.join(SRC, 'contrib/prometheus/millgate.rules.yml')
TESTS = os.path.join(SRC, 'contrib/prometheus/millgate.tests.yml')
BOARD = os.path.join(SRC, 'contrib/grafana/millgate.json')
MANUAL = os.path.join(SRC, 'packaging/millgate-metrics.7.in')
PROGRAMS = os.environ.get('MILLGATE_PROGRAMS',
                          os.path.join(SRC, 'build-programs'))
bad = 0


def result(good, text, why=''):
    global bad
    bad += not good
    print('%sok - %s' % ('' if good else 'not ', text))
    if not good:
        print(''.join('# %s\n' % line for line in why.splitlines()), end='')


def read(path):
    with open(path, encoding='utf-8') as f:
        return f.read()


def run(tool, *words):
    done = subprocess.run([tool, *words], stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.STDOUT, timeout=300)
    result(done.returncode == 0, 'promtool ' + ' '.join(words[:2]),
           done.stdout)


def check_alerts():
    alerts = re.findall(r'- alert: (\w+)', read(RULES))
    result(len(alerts) > 10 and len(set(alerts)) == len(alerts),
           'each alert has a name of its own', str(alerts))
    said = re.findall(r'(?m)^\.It Li (Millgate\w+)$', read(MANUAL))
    result(said == alerts, 'the manual has the alerts, in this order',
           'manual: %s\nrules: %s' % (said, alerts))
    tests = read(TESTS)
    for name in alerts:
        silent = '{alertname: %s, ' % name in tests
        fires = re.search(r'alertname: %s\n.*\n.*exp_alerts:\n' % name, tests)
        result(silent and fires is not None,
               'a test has %s silent and firing' % name)


def queries():
    """Those of all panels, with values for Grafana's variables."""
    for panel in json.loads(read(BOARD))['panels']:
        for target in panel['targets']:
            yield target['expr'].replace('$__rate_interval', '5m')


def check_queries(tool):
    found = list(queries())
    result(len(found) > 20, 'the dashboard has queries')
    with tempfile.NamedTemporaryFile('w', suffix='.yml') as f:
        # JSON is YAML
        json.dump({'groups': [{'name': 'dashboard', 'rules': [
            {'record': 'query:%d' % n, 'expr': expr}
            for n, expr in enumerate(found)]}]}, f)
        f.flush()
        run(tool, 'check', 'rules', f.name)


def main():
    check_alerts()
    tool = shutil.which('promtool', path=os.path.join(
        PROGRAMS, 'usr/bin') + ':' + os.environ['PATH'])
    if tool is None:
        print('# promtool is missing; contrib/lib/programs unpacks it')
        list(queries())
    else:
        run(tool, 'check', 'rules', RULES)
        run(tool, 'test', 'rules', TESTS)
        check_queries(tool)
    return bad > 0


sys.exit(main())
