"""postmap_peer - Postfix's postmap and millgate find the same values

1,000 keys in each table that needs no server, with quotes, backslashes, percent
signs, UTF-8 and parts that queries need. The files are the same for both. The
test is skipped when there is no postmap, neither unpacked nor installed.
"""
import os
import random
import sqlite3
import subprocess
import sys
import tempfile

SRC = os.path.abspath(os.environ.get('srcdir', '.'))
BUILD = os.environ.get('MILLGATE_BUILD', '.')
TOOL = os.path.join(BUILD, 'tests/tools/postfix_table_tool')
sys.path.insert(0, os.path.join(SRC, 'tests/e2e'))
import programs  # noqa: E402

LOCALS = ['alice', 'bob', 'Carol', 'dave+x', 'a.b', 'x_y', "o'neil", 'a\\b',
          '100%', '"a b"', 'j\u00f6rg', 'a*b', 'x"y', "';--", '%s', '$1', '?1',
          'a=b', '']
DOMAINS = ['example.org', 'Example.ORG', 'sub.example.org', 'a.b.c.example',
           'other.example', 'x', '']
LOGINS = ['alice', 'bob@example.org', 'Carol', "o'neil", 'j\u00f6rg', 'e@f@g',
          '@example.org', 'frank@']
QUERIES = [
    "query = SELECT owner FROM t WHERE address = '%s'",
    "query = SELECT owner FROM t\n\tWHERE local = '%u'\n# comment\n"
    "\tAND domain = '%d'",
    "query = SELECT owner FROM t WHERE local = '%U' AND domain = '%2.%1'",
    "query = SELECT owner FROM t WHERE domain = '%D'\nresult_format = %u",
    "query = SELECT owner FROM t WHERE address = '%S'\n"
    "result_format = %u at %d%% for %S",
    "query = SELECT owner FROM t WHERE address LIKE '%u@%%'\n"
    "expansion_limit = 1000\nresult_format = <%s>%1",
    "table = t\nselect_field = owner\nwhere_field = address\n"
    "additional_conditions = ORDER BY owner",
    "query = SELECT owner FROM t WHERE address = '%s'\n"
    "domain = example.org, x other.EXAMPLE",
    "query = SELECT owner, local FROM t WHERE address = '%s'",
]
bad = 0


def fail(text):
    global bad
    bad += 1
    print('not ok - ' + text)


def setup(directory):
    """postmap with the tables of unpacked packages; None: there is none."""
    try:
        postmap = programs.find('postmap')
    except programs.Missing:
        return None
    root = programs.unpacked_root()
    with open(os.path.join(directory, 'main.cf'), 'w') as f:
        f.write('compatibility_level = 3.6\nmail_owner = daemon\n'
                'setgid_group = mail\nsmtputf8_enable = no\n')
        if root is not None:
            f.write('meta_directory = %s\nshlib_directory = '
                    '%s/usr/lib/postfix\n' % (directory, root))
    module = os.path.join(root or '/', 'databases/usr/lib/postfix',
                          'postfix-sqlite.so')
    with open(os.path.join(directory, 'dynamicmaps.cf'), 'w') as f:
        if os.path.exists(module):
            f.write('sqlite\t%s\tdict_sqlite_open\n' % module)
    return [postmap, '-c', directory, '-q', '-']


def answers(command, table, keys):
    done = subprocess.run([*command, table], input='\n'.join(keys) + '\n',
                          capture_output=True, text=True, errors=
                          'surrogateescape', env=programs.environment())
    if done.returncode not in (0, 1):
        fail('%s %s: status %d: %s' % (command[0], table, done.returncode,
                                       done.stderr))
    return done.stdout.split('\n'), done.stderr


def same(postmap, table, keys, least):
    theirs, words = answers(postmap, table, keys)
    if 'unsupported dictionary type' in words:
        print('ok - %s # SKIP this postmap has not this table' % table)
        return
    ours = answers([TOOL], table, keys)[0]
    if ours != theirs:
        i = [a == b for a, b in zip(ours, theirs)] + [False]
        i = i.index(False)
        fail('%s: millgate has %r, Postfix %r' % (table, ours[i:i + 1],
                                                  theirs[i:i + 1]))
    elif len(theirs) <= least:
        fail('%s: only %d keys are found' % (table, len(theirs) - 1))
    else:
        print('ok - %s: %d of %d keys found by both' % (table, len(theirs) - 1,
                                                       len(keys)))


def rows(rng):
    return {(local, domain.lower()): rng.choices(LOGINS, k=rng.randint(1, 3))
            for local in LOCALS for domain in DOMAINS if rng.random() < 0.7}


def texthash(path, entries):
    with open(path, 'w') as f:
        f.write('# a table\n\n')
        for (local, domain), logins in entries.items():
            key = '%s@%s' % (local.lower(), domain)
            if key.count('"') in (0, 2) and '\\' not in key and ' ' not in key:
                f.write('%s\t%s \n' % (key, ',\n  # more\n\n '.join(logins)))


def database(path, entries):
    db = sqlite3.connect(path)
    db.execute('CREATE TABLE t (address, local, domain, owner)')
    for (local, domain), logins in entries.items():
        for login in [*logins, '', None]:
            db.execute('INSERT INTO t VALUES (?, ?, ?, ?)',
                       ('%s@%s' % (local.lower(), domain), local.lower(),
                        domain, login))
    db.commit()
    db.close()


def main():
    rng = random.Random(16)
    with tempfile.TemporaryDirectory() as d:
        postmap = setup(d)
        if postmap is None:
            print('1..0 # SKIP there is no postmap')
            return 77
        entries = rows(rng)
        keys = ['%s@%s' % (rng.choice(LOCALS), rng.choice(DOMAINS))
                for i in range(900)]
        keys += [rng.choice(LOCALS[:-1]) for i in range(50)]
        keys += ['@' + rng.choice(DOMAINS) for i in range(50)]
        texthash(os.path.join(d, 'owners'), entries)
        same(postmap, 'texthash:' + os.path.join(d, 'owners'), keys, 100)
        same(postmap, 'inline:{alice@example.org=alice, {Bob@Example.org = '
             'bob, carol}, @x=dave a.b@x=erin}', keys, 5)
        database(os.path.join(d, 'db'), entries)
        for i, query in enumerate(QUERIES):
            path = os.path.join(d, 'q%d.cf' % i)
            with open(path, 'w') as f:
                f.write('dbpath = %s/db\n%s\n' % (d, query))
            same(postmap, 'sqlite:' + path, keys, 40)
    return 1 if bad else 0


sys.exit(main())
