"""fuzz_run - run the fuzz targets, keep their corpora small, state coverage

Usage: fuzz_run.py run|merge|coverage [--seconds N] [TARGET...]

run       each target for N seconds; prints executions and findings, and fails
          if there is one. It is in fuzz/found, new inputs are in fuzz/NAME.
merge     keep of tests/fuzz/corpus and fuzz/NAME what it takes to reach all
          edges, at most LIMIT octets a target. Files with a name that a
          person gave them stay.
coverage  lines and branches that the corpora reach in the files that each
          target is about

It works in directories of its own in the build directory: fuzz and
fuzz-coverage. Needs clang, llvm-profdata and llvm-cov.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time

SRC = os.path.abspath(os.environ.get('srcdir', '.'))
BUILD = os.path.abspath(os.environ.get('MILLGATE_BUILD', '.'))
CORPUS = os.path.join(SRC, 'tests/fuzz/corpus')
LIMIT = 100 * 1024
HEX = re.compile(r'[0-9a-f]{40}$')
# Short stacks and little memory that waits after free(3): more executions. The
# replay of a finding has the whole stack of an allocation.
QUICK = 'malloc_context_size=1:quarantine_size_mb=8'

# The files that a target is about, below milter/. Each target has a row.
ABOUT = {
    'authres': ['mail/authres.c', 'mail/claims.c'],
    'canon': ['mail/canon.c'],
    'commaize': ['mail/commaize.c'],
    'conf': ['conf/conf_read.c', 'conf/conf_build.c', 'conf/conf_check.c',
             'conf/conf_syntax.c', 'conf/conf_value.c'],
    'dataset': ['dkim/dataset.c'],
    'directory_place': ['directory/directory_place.c'],
    'directory_query': ['directory/directory_query.c'],
    'directory_text': ['directory/directory_ldap_escape.c',
                       'directory/directory_mysql_sql.c'],
    'dkim_record': ['dkim/dkim_record.c'],
    'dkim_verify': ['dkim/dkim_verify.c', 'dkim/dkim_verify_finish.c',
                    'dkim/dkim_verify_key.c', 'dkim/dkim_sigfield.c'],
    'dmarc_record': ['dmarc/dmarc_record.c'],
    'dmarc_walk': ['dmarc/dmarc_walk.c'],
    'dns_wire': ['dns/dns_wire.c'],
    'domain': ['mail/domain.c', 'mail/idna.c'],
    'headers': ['mail/headers.c'],
    'http': ['status/http_answer.c'],
    'import': ['import/import_read.c', 'import/import_opendkim.c',
               'import/import_opendkim_take.c', 'import/import_opendmarc.c',
               'import/import_rows.c', 'import/import_spf.c'],
    'json': ['base/json.c', 'base/utf8.c'],
    'key_process': ['dkim/key_process_wire.c', 'dkim/key_process_server.c'],
    'key_text': ['dkim/crypto_pkey.c'],
    'keyrows': ['dkim/keyrows.c'],
    'mailaddr': ['mail/mailaddr.c', 'mail/mailaddr_lex.c',
                 'mail/mailaddr_loose.c'],
    'mta_setup': ['doctor/postfix_setup.c', 'doctor/sendmail_setup.c'],
    'notifier': ['session/notifier_message.c'],
    'plan_record': ['doctor/postfix_plan.c'],
    'postfix_table': ['directory/postfix_table.c',
                      'directory/postfix_lines.c',
                      'directory/postfix_template.c'],
    'record': ['base/record.c'],
    'redis_reply': ['store/redis/redis_reply.c'],
    'resolver_zone': ['dns/resolver_zone.c'],
    'server_place': ['conf/conf_http.c', 'store/redis/redis_url.c'],
    'session': ['mta/mfi.c', 'session/session.c', 'session/session_log.c',
                'session/stages.c', 'session/stages_dmarc.c',
                'session/stages_fuse.c', 'session/stages_iprev.c',
                'session/stages_mail.c', 'session/stages_quota.c',
                'session/stages_size.c', 'session/stages_trace.c',
                'mail/edits.c', 'mail/verdict.c', 'policy/policy_dmarc.c',
                'policy/policy_identity.c', 'policy/policy_quota.c',
                'policy/policy_session.c', 'policy/policy_sign.c',
                'policy/policy_spf.c'],
    'setting_limits': ['store/store_settings.c'],
    'spf_check': ['spf/spf_check.c', 'spf/spf_eval.c', 'spf/spf_prefetch.c',
                  'spf/spf_state.c'],
    'spf_macro': ['spf/spf_macro.c'],
    'spf_received': ['spf/spf_received.c'],
    'spf_record': ['spf/spf_record.c'],
    'taglist': ['mail/taglist.c'],
    'top': ['ctl/ctl_top_data.c', 'ctl/ctl_top_keys.c',
            'ctl/ctl_top_text.c', 'ctl/ctl_top_view.c'],
    'users': ['conf/users_file.c', 'conf/users.c'],
}


def targets():
    names = [f[5:-2] for f in os.listdir(os.path.join(SRC, 'tests/fuzz'))
             if f.startswith('fuzz_') and f.endswith('.c')]
    missing = sorted(set(names) ^ set(ABOUT))
    if missing:
        sys.exit('fuzz_run: add to or remove from ABOUT: ' +
                 ' '.join(missing))
    return sorted(names)


def build(directory, options, products):
    os.makedirs(directory, exist_ok=True)
    if not os.path.exists(os.path.join(directory, 'Makefile')):
        subprocess.run([os.path.join(SRC, 'configure'), '-q', 'CC=clang',
                        *options], cwd=directory, check=True)
    subprocess.run(['make', '-s', '-j%d' % (os.cpu_count() or 1),
                    *products], cwd=directory, check=True)


def corpus_of(name):
    directory = os.path.join(CORPUS, name)
    os.makedirs(directory, exist_ok=True)
    return directory


class Fuzzers:
    def __init__(self, names):
        self.work = os.path.join(BUILD, 'fuzz')
        self.found = os.path.join(self.work, 'found')
        build(self.work, ['CFLAGS=-O2 -g -fsanitize-coverage-ignorelist=' +
                          os.path.join(SRC, 'tests/fuzz/coverage.ignore'),
                          '--enable-sanitizers=fuzzer'],
              ['tests/fuzz/fuzz_%s_fuzzer' % n for n in names])
        os.makedirs(self.found, exist_ok=True)

    def inputs(self, name):
        directory = os.path.join(self.work, name)
        os.makedirs(directory, exist_ok=True)
        return directory

    def call(self, name, *arguments):
        return subprocess.run(
            [os.path.join(self.work, 'tests/fuzz/fuzz_%s_fuzzer' % name),
             '-rss_limit_mb=2048', '-timeout=20', *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            errors='replace', env=dict(os.environ, ASAN_OPTIONS=':'.join(
                [QUICK, os.environ.get('ASAN_OPTIONS', '')]).rstrip(':')))

    def run(self, name, seconds):
        """The number of executions, and what was found."""
        arguments = ['-max_total_time=%d' % seconds, '-max_len=4096',
                     '-print_final_stats=1',
                     '-artifact_prefix=%s/%s-' % (self.found, name)]
        words = os.path.join(SRC, 'tests/fuzz/%s.dict' % name)
        if os.path.exists(words):
            arguments.append('-dict=' + words)
        p = self.call(name, *arguments, self.inputs(name), corpus_of(name))
        n = re.findall(r'number_of_executed_units: (\d+)', p.stdout)
        finding = None
        if p.returncode != 0:
            lines = [x for x in p.stdout.splitlines() if re.search(
                'not so|ERROR|runtime error|Test unit written', x)]
            finding = '\n'.join(lines) or p.stdout[-2000:]
        return int(n[-1]) if n else 0, finding

    def merge(self, name):
        """The names given by people first; then what adds an edge."""
        old, new = corpus_of(name), os.path.join(self.work, 'merged')
        shutil.rmtree(new, ignore_errors=True)
        shutil.copytree(old, new, ignore=lambda d, files: [
            f for f in files if HEX.match(f)])
        p = self.call(name, '-merge=1', '-use_counters=0', '-max_len=4096',
                      new, old, self.inputs(name))
        if p.returncode != 0:
            sys.exit(p.stdout)
        files = sorted(os.listdir(new), key=lambda f: (
            bool(HEX.match(f)), os.path.getsize(os.path.join(new, f))))
        size = 0
        for f in files:
            size += os.path.getsize(os.path.join(new, f))
            if size > LIMIT and HEX.match(f):
                os.unlink(os.path.join(new, f))
        shutil.rmtree(old)
        shutil.move(new, old)


def run(names, seconds):
    fuzzers, total, findings = Fuzzers(names), 0, 0
    start = time.time()
    for name in names:
        n, finding = fuzzers.run(name, seconds)
        total += n
        print('%-16s %12d executions' % (name, n), flush=True)
        if finding is not None:
            findings += 1
            print('not ok - %s:\n%s' % (name, finding), flush=True)
    print('%-16s %12d executions in %d s, %d findings' % (
        'all', total, time.time() - start, findings))
    return 1 if findings else 0


def size_of(name):
    directory = corpus_of(name)
    sizes = [os.path.getsize(os.path.join(directory, f))
             for f in os.listdir(directory)]
    return '%d files, %d octets' % (len(sizes), sum(sizes))


def merge(names):
    fuzzers = Fuzzers(names)
    for name in names:
        before = size_of(name)
        fuzzers.merge(name)
        print('%-16s %s; before: %s' % (name, size_of(name), before),
              flush=True)
    return 0


def summary(program, profile, files):
    """(covered, all) lines and branches of the files."""
    p = subprocess.run(['llvm-cov', 'export', '-summary-only', program,
                        '-instr-profile=' + profile],
                       stdout=subprocess.PIPE, check=True)
    wanted = [os.path.join('milter', f) for f in files]
    lines, branches = [0, 0], [0, 0]
    for f in json.loads(p.stdout)['data'][0]['files']:
        if any(f['filename'].endswith('/' + w) for w in wanted):
            for total, kind in ((lines, 'lines'), (branches, 'branches')):
                total[0] += f['summary'][kind]['covered']
                total[1] += f['summary'][kind]['count']
    return lines, branches


def percent(pair):
    return '%5.1f %%' % (100.0 * pair[0] / pair[1]) if pair[1] else '  none'


def coverage(names):
    work = os.path.join(BUILD, 'fuzz-coverage')
    build(work, ['CFLAGS=-O0 -g -fprofile-instr-generate -fcoverage-mapping'],
          ['tests/fuzz/fuzz_%s_replay' % n for n in names])
    sums = [[0, 0], [0, 0]]
    for name in names:
        program = os.path.join(work, 'tests/fuzz/fuzz_%s_replay' % name)
        raw, profile = program + '.profraw', program + '.profdata'
        subprocess.run([program], check=True, stdout=subprocess.DEVNULL,
                       env=dict(os.environ, LLVM_PROFILE_FILE=raw,
                                srcdir=SRC), cwd=work)
        subprocess.run(['llvm-profdata', 'merge', '-o', profile, raw],
                       check=True)
        pairs = summary(program, profile, ABOUT[name])
        if pairs[0][1] == 0:
            sys.exit('fuzz_run: %s is about no file of its program' % name)
        for total, pair in zip(sums, pairs):
            total[0] += pair[0]
            total[1] += pair[1]
        print('%-16s lines %s  branches %s  (%s)' % (
            name, percent(pairs[0]), percent(pairs[1]), size_of(name)),
            flush=True)
    print('%-16s lines %s  branches %s' % ('all', *map(percent, sums)))
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('what', choices=['run', 'merge', 'coverage'])
    parser.add_argument('--seconds', type=int, default=60)
    parser.add_argument('target', nargs='*')
    args = parser.parse_intermixed_args()
    known = targets()
    wrong = [t for t in args.target if t not in known]
    if wrong:
        sys.exit('fuzz_run: there is no target %s; there are %s' % (
            wrong[0], ' '.join(known)))
    names = args.target or known
    if args.what == 'run':
        return run(names, args.seconds)
    return merge(names) if args.what == 'merge' else coverage(names)


if __name__ == '__main__':
    sys.exit(main())
