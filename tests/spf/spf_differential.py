"""spf_differential - our checks compared with pyspf's, over generated zones

Usage: spf_differential.py [CHECKS [SEED]], or the same from the environment
as MILLGATE_SPF_CHECKS and MILLGATE_SPF_SEED. With MILLGATE_SECONDS it checks
for so long, and not a number; the seed is the time then.

pyspf (Debian: python3-spf) is a good oracle but does not follow RFC 7208
everywhere. The list KINDS below has the known differences: each entry gives
the reason and the change that makes pyspf follow the RFC. If the two disagree
on a check, they must agree after these changes are made to a copy of pyspf in
memory. The check is then counted under the changes that it needs. If they
still disagree, it is a new kind: the test fails and shows the zone. A listed
kind that never occurs is not an error: it may be rare.
"""
import collections
import importlib.util
import ipaddress
import os
import random
import re
import sys
import time
import types

sys.path.insert(0, os.path.join(os.environ.get('srcdir', '.'), 'tests/spf'))
sys.dont_write_bytecode = True
import spf_tool

RECEIVER = 'receiver.example.org'
NO_EXPLANATION = 'SPF fail - not authorized'

# --- where pyspf does not follow the RFC -----------------------------------

# name, reason, [(text of pyspf, what it should be)]. Each text must occur
# exactly once, else this pyspf is not the one that the list was made for.
KINDS = [
    ('self-include',
     'an include of the record\'s own domain is rejected although it may '
     'never be reached; the term limit is what ends it (5.2, 4.6.4)',
     [('if arg == self.d:', "if m == 'include' and ':' not in mech:")]),
    ('modifier-twice',
     'only redirect and exp may not occur twice (6); others may',
     [("self.note_error('%s= MUST appear at most once'%mod,mech)",
       "if mod == 'exp': raise PermError('exp= twice')")]),
    ('modifier-case',
     'names of modifiers compare without regard to case (RFC 5234 2.3)',
     [('mod,arg = m\n', 'mod,arg = m[0].lower(), m[1]\n')]),
    ('modifier-values',
     'the value of a modifier that is not known is checked and no more: %{p} '
     'asks nothing, and c, r and t are syntax there (12); 7.2 forbids them '
     'in names that are looked up',
     [('self.expand(m[1])  ', 'self.fixed_value(m[1])  ')]),
    ('ptr-names',
     'an error while validating the client\'s names is no match, never '
     'temperror (5.5), and %{p} is "unknown" then; names are validated one '
     'after the other, and names behind a match are not looked up and '
     'cannot be void',
     [('return [p for p in self.dns_ptr(self.i)[:max]\n'
       '            if self.cidrmatch(self.dns_a(p,self.A),cidrlength)]',
       'return self.fixed_ptrs(max, cidrlength)'),
      ('p = self.validated_ptrs()\n', 'p = list(self.validated_ptrs())\n')]),
    ('mx-order',
     'likewise the names of an MX, one after the other',
     [('if self.cidrmatch(self.dns_mx(arg), cidrlength):',
       'if any(self.cidrmatch([ip], cidrlength)'
       ' for ip in self.dns_mx(arg)):'),
      ('return [a for mx in mxnames[:max] '
       'for a in self.dns_a(mx[1],self.A)]',
       'return (a for mx in mxnames[:max] '
       'for a in self.dns_a(mx[1],self.A))')]),
    ('redirect-count',
     'a redirect is counted as a term when it is followed, not when it is '
     'read: 4.6.4 limits terms that cause lookups',
     [('self.check_lookups()\n                redirect =', 'redirect ='),
      ('redirect_record = self.dns_spf(redirect)',
       'self.check_lookups(); '
       'redirect_record = self.dns_spf(redirect)')]),
    ('early-expansion',
     'terms are expanded when they are evaluated: %{p} in one that is not '
     'reached asks nothing and is not void; likewise for exp=, which is '
     'looked up after a fail only (6.2) and counts nowhere',
     [('arg = self.expand_domain(arg)\n            if not arg:\n'
       "                raise PermError('empty domain:',mech)",
       'arg = self.fixed_check(arg)\n            if not arg:\n'
       "                raise PermError('empty domain:',mech)"),
      ('for mech, m, arg, cidrlength, result in mechs:\n',
       'for mech, m, arg, cidrlength, result in mechs:\n'
       '            arg = self.fixed_expand(m, arg)\n'),
      ('redirect = self.expand_domain(arg)',
       'redirect = self.fixed_check(arg)'),
      ('redirect_record = self.dns_spf(redirect)',
       'redirect = self.expand(redirect); '
       'redirect_record = self.dns_spf(redirect)'),
      ('arg = self.expand_domain(arg)\n                if arg:\n',
       'arg = self.fixed_check(arg)\n'
       '                if not recursion: self.fixed_exp = arg\n'
       '                if False:\n'),
      ("if result == 'fail':\n            return (result, 550, exps[result])",
       "if result == 'fail':\n            if not recursion: "
       'self.fixed_explain()\n'
       "            return (result, 550, self.exps[result])"),
      ('self.exps = dict(self.defexps)\n',
       'self.exps = dict(self.defexps); self.fixed_exp = None\n')]),
    ('long-names',
     'labels go from the left until a name has 253 octets (7.3), not just '
     'one of them; and an explanation is no name',
     [("if result.count('.') != 0:\n            if len(result) > 253:\n",
       "while stripdot and result.count('.') != 0 and len(result) > 253:\n"
       '            if len(result) > 253:\n')]),
    ('macro-syntax',
     'transformers and delimiters are taken without a check: zero, "|", '
     'letters behind (12, macro-expand)',
     [("letter = macro[2].lower()\n",
       "letter = macro[2:3].lower()\n"
       "                if not FIXED_MACRO.match(macro): "
       "raise PermError('macro syntax')\n")]),
    ('percent-signs',
     'a macro-string is read from the left: "%%" is one macro everywhere, '
     'at the end, too (12)',
     [('if regex.search(s):', 'if not FIXED_PERCENT.match(s):')]),
    ('macro-joiner',
     'parts of any letter are joined by dots (7.3), not of l and s alone',
     [('macro[3:-1], JOINERS.get(letter)', "macro[3:-1], '.'")]),
    ('no-local-part',
     'a sender without local part is postmaster\'s (4.3), in %{s}, too',
     [('self.l, self.o = split_email(s, h)\n',
       'self.l, self.o = split_email(s, h)\n'
       "        self.s = '%s@%s' % (self.l, self.o)\n")]),
    ('octets',
     'a record has only blanks and graphic octets (12), no TAB',
     [("spf = spf.split(' ')\n",
       "if re.search('[^ -~]', spf): raise PermError('octets')\n"
       "        spf = spf.split(' ')\n")]),
    ('void-terms',
     'the limit on void lookups counts terms, and each term once (4.6.4)',
     [('self.void_lookups += 1\n',
       "self.void_lookups += not getattr(self, 'term_void', False)\n"
       '            self.term_void = True\n'),
      ('for mech, m, arg, cidrlength, result in mechs:\n',
       'for mech, m, arg, cidrlength, result in mechs:\n'
       '            self.term_void = False\n'),
      ('#Catch redirect to a non-existant SPF record.\n',
       'self.term_void = False\n')]),
]


FIXED_MACRO = re.compile(r'%\{[slodiphcrtv](0*[1-9][0-9]*)?r?[-.+,/_=]*\}$',
                         re.I)
FIXED_PERCENT = re.compile(r'([^%]|%[%_-]|%\{[^}]*\})*$')


def fixed_ptrs(self, most, bits):
    """One after the other; errors validate nothing."""
    try:
        names = self.dns_ptr(self.i)[:most]
    except self.module.TempError:
        return
    for name in names:
        try:
            if self.cidrmatch(self.dns_a(name, self.A), bits):
                yield name
        except self.module.TempError:
            pass


def fixed_check(self, arg):
    """The syntax of a domain-spec, without a question to the DNS."""
    keep, self.p = self.p, 'p.example'
    try:
        self.expand_domain(arg)
    finally:
        self.p = keep
    return arg


def fixed_value(self, arg):
    """The same for a modifier's value."""
    keep, self.p = self.p, 'p.example'
    try:
        self.expand(arg, stripdot=False)
    finally:
        self.p = keep


def fixed_expand(self, mechanism, arg):
    if mechanism in ('a', 'mx', 'ptr', 'exists', 'include'):
        return self.expand(arg)
    return arg


def fixed_explain(self):
    """After a fail, when voids do not matter any more."""
    spec = getattr(self, 'fixed_exp', None)
    self.void_lookups = -1000000
    if spec:
        try:
            text = self.get_explanation(self.expand(spec))
            if text:
                self.set_explanation(text)
        except (self.module.PermError, self.module.TempError):
            pass


def load_pyspf(kinds):
    """pyspf as installed, with the changes of some kinds."""
    spec = importlib.util.find_spec('spf')
    if spec is None:
        print('skipped: python3-spf is missing')
        sys.exit(spf_tool.SKIP)
    with open(spec.origin, encoding='utf-8') as f:
        source = f.read()
    for name, _, changes in kinds:
        for old, new in changes:
            if source.count(old) != 1:
                sys.exit('%s: this pyspf is another: %r' % (name, old))
            source = source.replace(old, new)
    module = types.ModuleType('pyspf')
    module.FIXED_MACRO = FIXED_MACRO
    module.FIXED_PERCENT = FIXED_PERCENT
    exec(compile(source, spec.origin, 'exec'), module.__dict__)
    module.query.module = module
    for helper in (fixed_ptrs, fixed_check, fixed_value, fixed_expand,
                   fixed_explain):
        setattr(module.query, helper.__name__, helper)
    return module


# --- the zone, as pyspf sees it --------------------------------------------

class Dns:
    """Answers like our resolver over a zone text."""

    def __init__(self, zone):
        self.zone = {k.lower(): v for k, v in zone.items()}

    def find(self, name, kind):
        for _ in range(9):
            records = self.zone.get(name, [])
            found = [d for k, d in records if k == kind]
            if found:
                return found, None
            alias = [d for k, d in records if k == 'CNAME']
            failed = any(k in ('SERVFAIL', 'TIMEOUT', 'REFUSED')
                         for k, _ in records)
            if not alias:
                return [], 'failure' if failed else None
            name = alias[0].lower()
        return [], 'loop'

    def lookup(self, module, name, kind):
        found, failure = self.find(name.lower().rstrip('.'), kind)
        if failure:
            raise module.TempError('DNS ' + failure)
        return [((name, kind), d) for d in found]


def ask_pyspf(module, dns, client, helo, sender):
    module.DNSLookup = lambda name, kind, *rest: dns.lookup(module, name, kind)
    query = module.query(i=client, s=sender, h=helo, receiver=RECEIVER,
                         timeout=20, querytime=0)
    result, _, explanation = query.check()
    module.message = explanation
    if result != 'fail' or explanation == NO_EXPLANATION:
        explanation = None
    # the limit is ours (spf_macro_priv.h), not the RFC's
    return result, explanation[:255] if explanation else explanation


# --- generated zones --------------------------------------------------------

CLIENTS = ['192.0.2.1', '192.0.2.2', '192.0.2.3', '198.51.100.7',
           '2001:db8::1', '2001:db8::2', '2001:db8:1::3']
HELOS = ['h1.example', 'd1.example', 'mail.d2.example', 'x1.example',
         'h-1.example']
SENDERS = ['user', 'h2', 'h-3', 'a-b+c', 'x.y', 'postmaster', 'a/b', 'q_r=s']
DOMAINS = ['d%d.example' % i for i in range(8)] + ['mail.d2.example']
HOSTS = ['h%d.example' % i for i in range(6)] + ['h.d1.example']
NOTHING = ['x%d.example' % i for i in range(4)]
FAILING = ['f1.example', 'f2.example']
ALIASES = ['c1.example', 'c2.example', 'c3.example', 'loop.example']
TEXTS = ['e1.example', 'e2.example', 'e3.example', 'e4.example']
LONG_SPEC = '.'.join(['%{o}'] * 27)
SPECS = ['%{d}', '%{o}', '%{h}', '%{d2}', '%{dr}', 'h%{l1r-}.example',
         '%{l}.example', '%{l-}.example', '%{i}.in.example', '%{p}',
         '%{ir}.%{v}.rev.example', '%{l2r-+}.user.example', '%{S}.example',
         '%{h-}', '%{h-}', '%{h1}.example', 'h1.%{d1}', '%{p2}', '%{l3,/_=}.example',
         'a%%b%_c.example', LONG_SPEC, LONG_SPEC]
BAD_SPECS = ['%{d0}', '%{l|}', '%{q}', '%{d', '%(d)', 'example', 'x..example',
             '.example', 'x.example..', 'x.1', '1.2.3.4', '%{c}', '%{d}x',
             'x.example:25', '%{d}/x', '%', '%{dx}', 'x.-a', 'y' * 64 +
             '.example']
BAD_TERMS = ['moo', 'moo:x.example', 'all.', '-all:x', 'ip4:1.2.3', 'ip4:',
             'ip4:1.2.3.4/33', 'ip6:::g', 'a/33', 'a//129', 'a/00', 'a:',
             'include', 'include:', 'exists', 'redirect:d1.example', 'a,',
             '--all', '=x', '+x=y', 'ptr/24', 'exists:h1.example/8', 'mx/',
             'ip4:192.0.2.1//32', 'ip4:192.0.02.1', 'IP4:192.0.2.1/24',
             'ALL', 'A', 'exp=%{r}.example', 'x=%', 'a /24', 'ip6:192.0.2.1']


class Generator:
    def __init__(self, seed):
        self.r = random.Random(seed)

    def chance(self, percent):
        return self.r.random() * 100 < percent

    def spec(self):
        r = self.r.random()
        if r < 0.02:
            return self.r.choice(BAD_SPECS)
        if r < 0.20:
            return self.r.choice(SPECS)
        if r < 0.60:
            return self.r.choice(HOSTS)
        if r < 0.82:
            return self.r.choice(DOMAINS)
        if r < 0.92:
            return self.r.choice(NOTHING)
        if r < 0.96:
            return self.r.choice(ALIASES)
        return self.r.choice(FAILING)

    def include_spec(self):
        if self.chance(85):
            return self.r.choice(DOMAINS + ALIASES[:2])
        return self.spec()

    def cidr(self):
        if self.chance(70):
            return ''
        out = ''
        if self.chance(70):
            out = '/%d' % self.r.choice([0, 1, 8, 24, 30, 31, 32])
        if self.chance(50):
            out += '//%d' % self.r.choice([0, 1, 32, 64, 126, 127, 128])
        return out

    def mechanism(self):
        kind = self.r.choice(['a', 'a', 'mx', 'mx', 'ptr', 'exists', 'ip4',
                              'ip4', 'ip6', 'include', 'include', 'all'])
        if kind in ('a', 'mx'):
            name = ':' + self.spec() if self.chance(70) else ''
            return kind + name + self.cidr()
        if kind == 'ptr':
            return kind + (':' + self.spec() if self.chance(50) else '')
        if kind == 'exists':
            return kind + ':' + self.spec()
        if kind == 'include':
            return kind + ':' + self.include_spec()
        if kind == 'ip4':
            return 'ip4:' + self.r.choice(
                ['192.0.2.1', '192.0.2.0/30', '192.0.2.0/24', '203.0.113.7',
                 '0.0.0.0/0', '198.51.100.6/31'])
        if kind == 'ip6':
            return 'ip6:' + self.r.choice(
                ['2001:db8::1', '2001:db8::/32', '::/0', '2001:db8:1::/48',
                 '::ffff:192.0.2.1', '2001:db8::2/127'])
        return 'all' if self.chance(30) else 'ip4:203.0.113.9'

    def modifier(self):
        r = self.r.random()
        if r < 0.35:
            return 'redirect=' + self.include_spec()
        if r < 0.7:
            return 'exp=' + (self.r.choice(TEXTS) if self.chance(85) else
                             self.spec())
        name = self.r.choice(['x', 'ra', 'moo.cow-1', 'x', 'EXP', 'a'])
        if name == 'EXP':
            return 'EXP=' + self.r.choice(TEXTS)
        return name + '=' + self.r.choice(['', '1', '%{d}', '%%', '%{c}', '%',
                                           '%{p}', 'a:b/c'])

    def term(self):
        r = self.r.random()
        if r < 0.02:
            return self.r.choice(BAD_TERMS)
        if r < 0.16:
            return self.modifier()
        return self.r.choice(['', '', '', '+', '-', '~', '?']) + \
            self.mechanism()

    def record(self):
        count = self.r.choice([0, 1, 2, 2, 3, 3, 4, 5, 6, 8, 12])
        terms = [self.term() for _ in range(count)]
        if self.chance(60):
            terms.append(self.r.choice(['-all', '~all', '?all', '-all']))
        text = 'v=spf1' + ''.join((' ' if self.chance(97) else '  ') + t
                                  for t in terms)
        if self.chance(2):
            at = self.r.randrange(len(text))
            text = text[:at] + self.r.choice('\t\x00\x7f %{}:/=.-\xe9') + \
                text[at + 1:]
        return text.encode('latin-1')

    def strings(self, octets):
        """One string, or several that are joined without a blank."""
        if self.chance(80) and len(octets) < 255:
            return [octets]
        at = self.r.randrange(len(octets) + 1)
        return [octets[:at], octets[at:]]

    def addresses(self):
        out = []
        for client in self.r.sample(CLIENTS, self.r.choice([0, 0, 1, 1, 2])):
            kind = 'AAAA' if ':' in client else 'A'
            out.append((kind, client))
        if self.chance(60):
            out.append(('A', '203.0.113.%d' % self.r.randrange(4)))
        return out

    def mx(self):
        if self.chance(50):
            return []
        count = self.r.choice([1, 1, 2, 3, 10, 11])
        names = HOSTS + NOTHING[:1] + FAILING[:1]
        # in the order in which pyspf would look at them
        return [('MX', (i, self.r.choice(names))) for i in range(count)]

    def zone(self):
        zone = {}
        for name in DOMAINS:
            records = self.addresses() + self.mx()
            for _ in range(self.r.choice([0] + [1] * 12 + [2])):
                records.append(('TXT', self.strings(self.record())))
            if self.chance(20):
                records.append(('TXT', [b'some other text \xff']))
            zone[name] = records
        for name in HOSTS + ['a%b c.example', 'b.a.user.example',
                             'h-1.example', 'h.1.example']:
            zone[name] = self.addresses()
        for name in DOMAINS:
            # what 7.3 makes of LONG_SPEC
            count = 254 // (len(name) + 1)
            zone['.'.join([name] * count)] = self.addresses()
        for name in FAILING:
            zone[name] = [(self.r.choice(['SERVFAIL', 'TIMEOUT', 'REFUSED']),
                           None)]
        zone['c1.example'] = [('CNAME', self.r.choice(DOMAINS))]
        zone['c2.example'] = [('CNAME', 'c3.example')]
        zone['c3.example'] = [('CNAME', self.r.choice(HOSTS))]
        zone['loop.example'] = [('CNAME', 'loop.example')]
        self.texts(zone)
        self.reverse(zone)
        return zone

    def texts(self, zone):
        zone['e1.example'] = [('TXT', [b'See %{d} %{i} %{L} %{o} %{h}.'])]
        zone['e2.example'] = [('TXT', [b'%{p} %{c} %{v} %{r} %{S}'])]
        zone['e3.example'] = [('TXT', [b'one']), ('TXT', [b'two'])]
        zone['e4.example'] = [('TXT', [self.r.choice(
            [b'%{q}', b'caf\xc3\xa9', b'100%% %_%-.', b'%', b'%{d0}'])])]

    def reverse(self, zone):
        for client in CLIENTS:
            address = ipaddress.ip_address(client)
            name = address.reverse_pointer
            count = self.r.choice([0, 1, 1, 2, 11])
            names = HOSTS + DOMAINS + NOTHING[:1]
            zone[name] = [('PTR', self.r.choice(names))
                          for _ in range(count)]
            if self.chance(10):
                zone[name] = [('SERVFAIL', None)]
            if address.version == 4 and self.chance(50):
                zone['%s.in-addr.rev.example' % name[:-13]] = \
                    [('A', '127.0.0.2')]
                zone['%s.in.example' % client] = [('A', '127.0.0.2')]

    def question(self):
        sender = self.r.choice(SENDERS) + '@' + self.r.choice(
            DOMAINS * 4 + NOTHING[:1] + ['c1.example', 'f1.example'])
        if self.chance(8):
            sender = ''
        if self.chance(3):
            sender = sender[sender.find('@'):]
        return self.r.choice(CLIENTS), self.r.choice(HELOS), sender


# --- comparing --------------------------------------------------------------

def ours(tool, client, helo, sender):
    answer = tool.check(client, helo, sender)
    return (answer.result, answer.explanation), answer.reason


def same(a, b):
    fold = [x.lower() if x else None for x in (a[1], b[1])]
    return a[0] == b[0] and fold[0] == fold[1]


class Judge:
    """Finds which changes a disagreement needs."""

    def __init__(self):
        self.loaded = {}
        self.plain = self.load([])
        self.fixed = self.load(KINDS)

    def load(self, kinds):
        names = tuple(k[0] for k in kinds)
        if names not in self.loaded:
            self.loaded[names] = load_pyspf(kinds)
        return self.loaded[names]

    def kinds(self, dns, question, want):
        """A smallest set of changes that it takes; None: a new kind."""
        if not same(ask_pyspf(self.fixed, dns, *question), want):
            return None
        needed = list(KINDS)
        for kind in KINDS:
            fewer = [k for k in needed if k is not kind]
            if same(ask_pyspf(self.load(fewer), dns, *question), want):
                needed = fewer
        return [k[0] for k in needed]


def show(zone, question, want, reason, module):
    theirs = ask_pyspf(module, Dns(zone), *question)
    print('client %s helo %s sender %s' % question)
    print('  ours: %s %s (%s)' % (want[0], want[1], reason))
    print('  pyspf, with all known changes: %s %s (%s)' % (
        theirs[0], theirs[1], module.message))
    print(spf_tool.zone_text(zone))


def main():
    checks = int(sys.argv[1] if len(sys.argv) > 1 else
                 os.environ.get('MILLGATE_SPF_CHECKS', '5000'))
    seed = int(sys.argv[2] if len(sys.argv) > 2 else
               os.environ.get('MILLGATE_SPF_SEED', '1'))
    seconds = float(os.environ.get('MILLGATE_SECONDS', '0'))
    if seconds > 0:
        checks, seed = sys.maxsize, int(time.time())
    end = time.monotonic() + (seconds or 86400)
    judge, tool = Judge(), spf_tool.Tool()
    results, count = collections.Counter(), collections.Counter()
    new = done = 0
    while done < checks and new < 3 and time.monotonic() < end:
        generator = Generator(seed * 1000003 + done)
        zone = generator.zone()
        dns = Dns(zone)
        tool.zone(zone)
        for _ in range(20):
            question = generator.question()
            want, reason = ours(tool, *question)
            done += 1
            results[want[0]] += 1
            if same(ask_pyspf(judge.plain, dns, *question), want):
                continue
            kinds = judge.kinds(dns, question, want)
            if kinds is None:
                new += 1
                show(zone, question, want, reason, judge.fixed)
            else:
                count[' + '.join(kinds)] += 1
    tool.close()
    print('%d checks from seed %d: %s' % (done, seed, ', '.join(
        '%s %d' % pair for pair in results.most_common())))
    print('%d disagree with pyspf as installed:' % sum(count.values()))
    for kind, n in count.most_common():
        print('  %4d %s' % (n, kind))
    for name, reason, changes in KINDS:
        if any(name in kind.split(' + ') for kind in count):
            print('%s: %s' % (name, reason))
    return 1 if new else 0


if __name__ == '__main__':
    sys.exit(main())
