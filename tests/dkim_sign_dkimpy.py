"""dkim_sign_dkimpy - what we sign, dkimpy and Mail::DKIM verify

Random messages with awkward fields and bodies, all four canonicalizations,
both algorithms. DKIM_MESSAGES says how many messages (default 100; the last
one has a body of 2 MB, or of 25 MB from 1000 messages on). Mail::DKIM knows
RSA only, and is asked if it is installed.

What the verifiers themselves get wrong is not asked of them:
- dkimpy's message parser turns LF into CRLF, so it gets messages already
  split; Mail::DKIM gets none with a CR or LF alone;
- dkimpy keeps blanks right before a body's end without CRLF in the relaxed
  form (RFC 6376 3.4.4 wants the CRLF first);
- Mail::DKIM cannot verify the simple form of a field of blanks alone, nor
  that of a body without a final CRLF.
"""
import os
import random
import subprocess
import sys

SKIP = 77       # automake's word for a test that cannot run here

try:
    import dkim
    import nacl         # dkimpy's Ed25519
except ImportError as e:
    print('skipped: %s (Debian packages: python3-dkim, python3-nacl)' % e)
    sys.exit(SKIP)

FORMS = ('simple', 'relaxed')
NAMES = (b'To', b'Cc', b'Subject', b'Date', b'Message-ID', b'X-Other',
         b'Received', b'References', b'List-Id', b'Sender', b'Reply-To',
         b'Content-Type', b'SUBJECT', b'resent-from', b'In-Reply-To')

PERL = r'''
use Mail::DKIM::Verifier;
use Mail::DKIM::PublicKey;
no warnings "redefine";
*Mail::DKIM::PublicKey::fetch_async = sub {
	my ($class, %%prms) = @_;
	my $on = $prms{Callbacks} || {};
	return sub {
		my $key = Mail::DKIM::PublicKey->parse('%s');
		$key->{Selector} = $prms{Selector};
		$key->{Domain} = $prms{Domain};
		return $on->{Success} ? $on->{Success}->($key) : $key;
	};
};
binmode STDIN;
while (my $n = <STDIN>) {
	chomp $n;
	read(STDIN, my $message, $n) == $n or die "cut";
	my $v = Mail::DKIM::Verifier->new;
	$v->PRINT($message);
	$v->CLOSE;
	for my $s ($v->signatures) {
		next if $s->algorithm ne "rsa-sha256";
		print $s->result, "\n";
	}
	$| = 1;
}
'''


class Signer:
    def __init__(self):
        tool = os.path.join(os.environ.get('MILLGATE_BUILD', '.'),
                            'tests/dkim_sign_tool')
        self.process = subprocess.Popen([tool], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.record = {}
        for _ in range(2):
            line = self.process.stdout.readline()
            selector, record = line.rstrip(b'\n').split(b' ', 1)
            self.record[selector + b'._domainkey.example.org.'] = record

    def sign(self, header, body, message):
        """The values of both fields, folds as CRLF."""
        command = 'sign %s %s %d\n' % (header, body, len(message))
        self.process.stdin.write(command.encode() + message)
        self.process.stdin.flush()
        values = []
        for _ in range(2):
            length = int(self.process.stdout.readline())
            value = self.process.stdout.read(length)
            values.append(value.replace(b'\n', b'\r\n'))
        return values

    def lookup(self, name, timeout=5):
        return self.record[name if isinstance(name, bytes)
                           else name.encode()]

    def close(self):
        self.process.stdin.close()
        return self.process.wait()


class MailDKIM:
    """Perl's Mail::DKIM in a process of its own, or nothing."""
    def __init__(self, record):
        self.process = None
        probe = subprocess.run(['perl', '-MMail::DKIM', '-e', '1'],
                               stderr=subprocess.DEVNULL)
        if probe.returncode == 0:
            self.process = subprocess.Popen(
                ['perl', '-e', PERL % record.decode()],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def verify(self, message):
        self.process.stdin.write(b'%d\n' % len(message) + message)
        self.process.stdin.flush()
        return self.process.stdout.readline().strip().decode()

    def close(self):
        if self.process is not None:
            self.process.stdin.close()
            self.process.wait()


def value(rng):
    """A field's value: it may be folded, empty, long, or hold UTF-8."""
    kind = rng.randrange(10)
    if kind == 0:
        return b''
    if kind == 1:
        return b' ' + b'x' * rng.choice((900, 998, 1500, 5000))
    words = [rng.choice((b'word', b' ', b'  ', b'\t', b'\xc3\xbc', b'a,b',
                         b'<a@b.example>', b'"q;=:"', b'\r\n\tfold',
                         b'\r\n  fold', b'\xff'))
             for _ in range(rng.randrange(1, 12))]
    return b' ' + b''.join(words)


def fields(rng):
    out = [(b'From', b' Alice <alice@example.org>' if rng.randrange(5)
            else b'  "A\r\n\t b"\t<alice@example.org>')]
    for _ in range(rng.randrange(12)):
        out.append((rng.choice(NAMES), value(rng)))
    rng.shuffle(out)
    return out


def body(rng, alone):
    """alone: CR and LF by themselves, too."""
    pieces = [b'\r\n', b'\r\n\r\n', b' ', b'\t', b'  ', b'text', b'.',
              b'\xc3\xa4\xff', b'\0', b'=20', b'\v\f', b'x' * 1000]
    if alone:
        pieces += [b'\r', b'\n']
    out = b''.join(rng.choice(pieces)
                   for _ in range(rng.choice((0, 1, 3, 30, 300))))
    kind = rng.randrange(6)
    if kind == 0 and not out.endswith((b' ', b'\t', b'\r')):
        return out
    if kind == 1:
        return out + b' \r\n\r\n \r\n'
    return out + b'\r\n'


def big_body(megabytes):
    line = b'Twenty-five megabytes of this  line,\tagain and again. \r\n'
    return line * (megabytes * 1048576 // len(line) + 1)


def perl_can(forms, header, text):
    """Mail::DKIM is no judge of every message; see the top."""
    if forms[0] == 'simple' and any(v and not v.strip() for _, v in header):
        return False
    return forms[1] == 'relaxed' or not text or text.endswith(b'\r\n')


def dkimpy_verifies(signer, values, header, text):
    """Which of the two signatures verify; the message goes in split."""
    d = dkim.DKIM()
    d.headers = [(b'DKIM-Signature', v + b'\r\n') for v in values]
    d.headers += [(n, v + b'\r\n') for n, v in header]
    d.body = text
    return [d.verify(i, dnsfunc=signer.lookup) for i in (0, 1)]


def main():
    count = int(os.environ.get('DKIM_MESSAGES', '100'))
    rng = random.Random(6376)
    signer = Signer()
    perl = MailDKIM(signer.record[b'rsa._domainkey.example.org.'])
    bad = perls = 0
    for n in range(count):
        header, alone = fields(rng), n % 5 == 4
        text = body(rng, alone)
        if n == count - 1:
            text = big_body(25 if count >= 1000 else 2)
        raw = b''.join(k + b':' + v + b'\r\n' for k, v in header)
        raw += b'\r\n' + text
        h, b = FORMS[n & 1], FORMS[n >> 1 & 1]
        values = signer.sign(h, b, raw)
        results = dkimpy_verifies(signer, values, header, text)
        if perl.process is not None and not alone and \
                perl_can((h, b), header, text):
            perls += 1
            signed = b''.join(b'DKIM-Signature:' + v + b'\r\n'
                              for v in values) + raw
            results.append(perl.verify(signed) == 'pass')
        if not all(results):
            bad += 1
            print('not ok - %s/%s message %d: %s\n%r\n%r' %
                  (h, b, n, results, raw[:2000], values))
    # and it is not that anything verifies
    header = [(b'From', b' Alice <alice@example.org>')]
    values = signer.sign('relaxed', 'relaxed', b'From: Mallory\r\n\r\n')
    if any(dkimpy_verifies(signer, values, header, b'')):
        bad += 1
        print('not ok - a changed message verifies')
    perl.close()
    if signer.close() != 0:
        bad += 1
    print('%d messages, %d to Mail::DKIM as well, %d bad' %
          (count, perls, bad))
    return 1 if bad else 0


sys.exit(main())
