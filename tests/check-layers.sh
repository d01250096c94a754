#!/bin/sh
# check-layers - the architecture, as a test. Reads sources below $srcdir and
# the objects of libjudge.a below $builddir; prints each breach with its place.
srcdir=${srcdir:-.} builddir=${builddir:-.}
bad=0
breach() { echo "breach: $*"; bad=1; }
sources=$(find "$srcdir/milter" -name "*.c" | sort)
headers=$(find "$srcdir/include" "$srcdir/milter" -name "*.h" | sort)

# --- one door per library ----------------------------------------------------
# only HEADER-PREFIX FILE...: the header is included by these files alone
only() {
	header=$1; shift
	for user in $(grep -lE "^#[[:space:]]*include[[:space:]]*<$header" \
	    $sources $headers); do
		case " $* " in
		*" $(basename "$user") "*) ;;
		*) breach "<$header belongs to $*, found in $user" ;;
		esac
	done
}
only libmilter/		mfi.c mfi_negotiate.c mfi_priv.h
only opendkim/		dkim_library.c
only spf2/		spf_check.c
only unbound.h		resolver_unbound.c
only sqlite3.h		store_sqlite.c
only confuse.h		conf_read.c
only openssl/		crypto.c crypto_pkey.c crypto_verify.c redis_tls.c
only hiredis/		redis_reply.c
only idn2.h		idna.c
only systemd/		notify_systemd.c
only syslog.h		log.c
only pwd.h		privileges.c state_file.c ctl_key.c
only grp.h		privileges.c
only signal.h		daemon.c mfi.c notifier.c resolver_unbound.c

# --- includes point from programs down to ground, never back -----------------
# A file that is named nowhere below is a mail word when libjudge.a has it, a
# door or configuration otherwise.
judge=$(sed -n '/^libjudge_a_SOURCES/,/[^\\]$/p' "$srcdir/Makefile.am")
rank() {
	case $1 in
	main|daemon|daemon_*|control|control_*|ctl|ctl_*|scenario|privileges|notify*)	echo 6 ;;
	mfi|mfi_*|replay)					echo 5 ;;
	session|session_*|stages|stages_*|services|services_*)	echo 4 ;;
	idna|resolver|store)					echo 3 ;;
	policy|policy_*|verdict|edits|dmarc|dmarc_*)		echo 2 ;;
	arena|buf|record|result)				echo 0 ;;
	*)	case $judge in
		*"/$1.c"*|*"/$1.h"*)				echo 1 ;;
		*)						echo 3 ;;
		esac ;;
	esac
}
# Plain data that every layer may read, and why:
#   facts.h policy.h store.h resolver.h: types of the contract, no calls are
#   made through them from below (the object check proves it for judgement);
#   log.h: record's writer is ground, its sink is not
#   idna.h: the door that domain.c needs for names beyond ASCII;
#   spf_check.h: declares spf_received_format beside the facts that it words
plain=" facts.h policy.h verdict.h store.h resolver.h log.h idna.h spf_check.h "
for file in $sources; do
	mine=$(rank "$(basename "$file" .c)")
	for header in $(sed -n 's/^#include "\(.*\)"$/\1/p' "$file" |
	    sed 's#.*/##; s/_priv\.h$/.h/'); do
		case $plain in *" $header "*) continue ;; esac
		[ "$header" = config.h ] && continue
		theirs=$(rank "$(basename "$header" .h)")
		[ "$theirs" -le "$mine" ] ||
			breach "$file (layer $mine) includes $header ($theirs)"
	done
done

# --- judgement is pure: its objects do no I/O and ask no clock ---------------
impure='time|gettimeofday|clock_gettime|localtime|gmtime|getenv|open|openat
fopen|fopen64|open64|read|write|pread|pwrite|socket|connect|send|recv|poll
select|syslog|openlog|printf|puts|putchar|fputs|fprintf|vfprintf|perror
__printf_chk|__fprintf_chk|__syslog_chk|fork|system|popen|random|rand
arc4random|getrandom|gethostname|getpid'
impure=$(echo "$impure" | tr '\n' '|')
for object in "$builddir"/milter/*/policy_*.o "$builddir"/milter/*/verdict.o \
    "$builddir"/milter/*/edits.o "$builddir"/milter/*/dmarc_*.o \
    "$builddir"/milter/*/authres*.o "$builddir"/milter/*/mailaddr*.o \
    "$builddir"/milter/*/headers.o "$builddir"/milter/*/domain.o \
    "$builddir"/milter/*/netaddr.o "$builddir"/milter/*/taglist.o \
    "$builddir"/milter/*/dkim_record.o "$builddir"/milter/*/spf_record.o \
    "$builddir"/milter/*/spf_macro.o "$builddir"/milter/*/canon.o \
    "$builddir"/milter/*/advice*.o "$builddir"/milter/*/mta_words.o \
    "$builddir"/milter/*/postfix_setup.o "$builddir"/milter/*/sendmail_setup.o \
    "$builddir"/milter/*/json.o \
    "$builddir"/milter/*/claims.o "$builddir"/milter/*/spf_received*.o; do
	[ -f "$object" ] || continue
	calls=$(nm -u "$object" | awk '{ print $2 }' | sed 's/@.*//' |
	    grep -xE "(${impure%|})" | tr '\n' ' ')
	[ -z "$calls" ] || breach "$object calls $calls"
done

# --- an optional part is a file, not a condition in a body --------------------
for file in $sources; do
	grep -nE '^#[[:space:]]*(if|ifdef|ifndef)' "$file" |
	while read -r line; do echo "$file:$line"; done
done > "$builddir/check-layers.tmp"
if [ -s "$builddir/check-layers.tmp" ]; then
	breach "conditional compilation:"; cat "$builddir/check-layers.tmp"
fi
rm -f "$builddir/check-layers.tmp"

# --- small files, small functions --------------------------------------------
for file in $sources; do
	lines=$(wc -l < "$file")
	[ "$lines" -le 500 ] || breach "$file has $lines lines (500)"
	awk -v file="$file" '
	/^\{/ { start = NR }
	/^\}/ { if (start && NR - start - 1 > 60) {
		print file ":" start ": function of " NR - start - 1 " lines"
		found = 1 }
		start = 0 }
	END { exit found }' "$file" || breach "functions over 60 lines above"
done

[ $bad = 0 ] && echo "layers hold"
exit $bad
