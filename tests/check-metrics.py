"""check-metrics - the table of metrics, what is exported, and the manual agree

Every metric that the daemon exports has a paragraph in millgate-metrics(7) with
its type and labels, and nothing else has one. What contrib/prometheus and
contrib/grafana use is exported.
"""
import glob
import os
import pwd
import re
import signal
import subprocess
import sys
import tempfile
import time

SRC = os.environ.get('srcdir', '.')
BUILD = os.environ.get('MILLGATE_BUILD', '.')
PATIENCE = 60		# seconds, on a busy machine
bad = 0


def fail(text):
    global bad
    bad += 1
    print('not ok - ' + text)


def read(name):
    with open(os.path.join(SRC, name), encoding='utf-8') as f:
        return f.read()


def table():
    """{name: labels} of metrics_table.c; a counter's name has _total."""
    text = read('milter/status/metrics_table.c').partition('rows[] = {')[2]
    text = re.sub(r'"\s+"', '', text)
    rows = {name + '_total' * (kind == 'COUNTER'): []
            for kind, name in re.findall(r'(COUNTER|GAUGE)\("(\w+)"', text)}
    for name, kind, labels in re.findall(
            r'\{ "(\w+)", METRIC_(\w+),\s*\S+\s*"[^"]*",\s*\{([^}]*)\}', text):
        rows[name + '_total' * (kind == 'COUNTER')] = re.findall(r'"(\w+)"',
                                                                 labels)
    return rows


def exported():
    """{name: type} of a running daemon."""
    with tempfile.TemporaryDirectory() as d:
        with open(d + '/millgate.conf', 'w', encoding='utf-8') as f:
            f.write('socket = "unix:%s/milter"\nstate = "%s/state.db"\n'
                    'user = "%s"\nmetrics-file = "%s/millgate.prom"\n'
                    'resolver { servers = {"127.0.0.1@9"} }\n' %
                    (d, d, pwd.getpwuid(os.geteuid()).pw_name, d))
        with open(d + '/log', 'w', encoding='utf-8') as log:
            daemon = subprocess.Popen(
                [os.path.join(BUILD, 'millgate'), '-f', '-c',
                 d + '/millgate.conf'], stderr=log)
        end = time.monotonic() + PATIENCE
        while not os.path.exists(d + '/millgate.prom'):
            if daemon.poll() is not None or time.monotonic() > end:
                fail('no metrics-file:\n' + open(d + '/log').read())
                break
            time.sleep(0.05)
        else:
            mode = os.stat(d + '/millgate.prom').st_mode & 0o777
            if mode != 0o644:
                fail('the metrics-file has mode %o' % mode)
        daemon.send_signal(signal.SIGTERM)
        daemon.wait()
        if sorted(glob.glob(d + '/millgate.prom*')) != [d + '/millgate.prom']:
            fail('files: %s' % os.listdir(d))
            return {}
        with open(d + '/millgate.prom', encoding='utf-8') as f:
            return dict(re.findall(r'(?m)^# TYPE (\w+) (\w+)$', f.read()))


def documented():
    """{name: (type, labels)} of the manual."""
    found = {}
    for name, labels, kind in re.findall(
            r'(?m)^\.It Li (millgate_\w+)(?:\{(.*)\})?\n(\w+)\.$',
            read('packaging/millgate-metrics.7.in')):
        if name in found:
            fail('the manual has %s twice' % name)
        found[name] = (kind.lower(), labels.split(',') if labels else [])
    return found


def check_used(types):
    """Names in rules and dashboards."""
    for path in (glob.glob(os.path.join(SRC, 'contrib/prometheus/*')) +
                 glob.glob(os.path.join(SRC, 'contrib/grafana/*'))):
        with open(path, encoding='utf-8') as f:
            used = set(re.findall(r'(?<![\w:])millgate_\w+(?!:|\w)', f.read()))
        for name in sorted(used):
            base = re.sub('_(bucket|sum|count)$', '', name)
            if name not in types and types.get(base) != 'histogram':
                fail('%s uses %s, which is not exported' % (path, name))


def main():
    rows, types, said = table(), exported(), documented()
    if len(rows) < 40:
        fail('only %d rows found in the table' % len(rows))
    if set(rows) != set(types):
        fail('table and export differ: %s' % sorted(set(rows) ^ set(types)))
    for name in sorted(set(types) ^ set(said)):
        fail('%s is %s' % (name, 'not in the manual' if name in types else
                           'in the manual, but not exported'))
    for name in sorted(set(types) & set(said) & set(rows)):
        if said[name] != (types[name], rows[name]):
            fail('%s: the manual has %s, the daemon %s' %
                 (name, said[name], (types[name], rows[name])))
    check_used(types)
    if not bad:
        print('ok - %d metrics' % len(types))
    return bad > 0


sys.exit(main())
