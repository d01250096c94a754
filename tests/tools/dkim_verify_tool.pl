# dkim_verify_tool.pl - Mail::DKIM, for messages on stdin
#
# Input and output are as of dkim_verify_tool.c, with one line per message. The
# line has the results of RSA signatures only: Mail::DKIM knows no others.
use strict;
use warnings;
use Mail::DKIM::Verifier;
use Mail::DKIM::PublicKey;

my %record;

{
	no warnings "redefine";
	*Mail::DKIM::PublicKey::fetch_async = sub {
		my ($class, %prms) = @_;
		my $on = $prms{Callbacks} || {};
		return sub {
			my $text = $prms{Domain} eq "example.org" ?
			    $record{$prms{Selector}} : undef;
			my $key = defined $text ?
			    Mail::DKIM::PublicKey->parse($text) : undef;
			if (defined $key) {
				$key->{Selector} = $prms{Selector};
				$key->{Domain} = $prms{Domain};
			}
			return $on->{Success} ? $on->{Success}->($key) : $key;
		};
	};
}

binmode STDIN;
$| = 1;
while (my $line = <STDIN>) {
	last if $line eq "\n";
	$line =~ /^(\S+) (.*)$/ or die "invalid line \"$line\"";
	$record{$1} = $2;
}
while (my $n = <STDIN>) {
	chomp $n;
	read(STDIN, my $message, $n) == $n or die "the message is incomplete";
	my $v = Mail::DKIM::Verifier->new;
	$v->PRINT($message);
	$v->CLOSE;
	print join(" ", map { $_->result } grep {
	    $_->algorithm eq "rsa-sha256" } $v->signatures), "\n";
}
