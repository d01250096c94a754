#!/bin/sh
# check-layers - the architecture, as a test. Reads sources below $srcdir and
# the objects of the build below $builddir; prints each breach with its place.
#
# A folder below milter/ is a room. A room includes rooms that are named
# before it in $rooms, never one that is named behind it.
srcdir=${srcdir:-.} builddir=${builddir:-.}
rooms="base mail dns store directory spf dkim dmarc policy conf session mta doctor
import status daemon ctl"
here=$(pwd)
mark=$here/check-layers.bad	# a breach may be found in a subshell
rm -f "$mark"
breach() { echo "breach: $*"; : >"$mark"; }
# found WHAT: standard input has the places, if there are any
found() {
	places=$(cat)
	[ -z "$places" ] || { breach "$1"; echo "$places" | sed 's/^/	/'; }
}
cd "$srcdir" || exit 1
source=$(pwd)
sources=$(find milter -name '*.c' | sort)
headers=$(find include milter -name '*.h' | sort)

# --- README's map is the same list -------------------------------------------
# shellcheck disable=SC2086 # a list of words
map=$(sed -n 's/^ \{4,\}\([a-z]*\)\/ .*/\1/p' README | tr '\n' ' ')
case " $map " in
*" $(echo $rooms) "*) ;;
*)	breach "README's map has not these rooms in this order:" $rooms ;;
esac

# --- one door per library ----------------------------------------------------
# only HEADER-PREFIX FILE...: the header is included by these files alone
only() {
	header=$1; shift
	# shellcheck disable=SC2086
	for user in $(grep -lE "^#[[:space:]]*include[[:space:]]*<$header" \
	    $sources $headers); do
		case " $* " in
		*" ${user#milter/} "*) ;;
		*) breach "<$header belongs to $*, found in $user" ;;
		esac
	done
}
only libmilter/		mta/mfi.c mta/mfi_socket.c
only opendkim/		dkim/dkim_library.c
only spf2/		spf/spf_check.c
only unbound.h		dns/resolver_unbound.c
only sqlite3.h		store/store_sqlite.c
only confuse.h		conf/conf_read.c
only openssl/		dkim/crypto.c dkim/crypto_pkey.c dkim/crypto_uri.c \
			dkim/crypto_verify.c store/redis/redis_tls.c
only hiredis/		store/redis/redis_reply.c
only idn2.h		mail/idna.c
only yaml.h		import/import_yaml.c
only libpq-fe.h		directory/directory_pgsql.c
only mysql.h		directory/directory_mysql.c \
			directory/directory_mysql_prepared.c
only lmdb.h		directory/postfix_lmdb.c
only ldap.h		directory/directory_ldap.c directory/directory_ldap_why.c
only lber.h		directory/directory_ldap_deadline.c
only microhttpd.h	status/http_server.c
only systemd/		daemon/notify_systemd.c
only seccomp.h		daemon/sandbox_seccomp.c
only syslog.h		base/log.c
only pwd.h		daemon/privileges.c store/state_file.c base/reach.c \
			conf/conf_socket.c
only grp.h		daemon/privileges.c base/reach.c
only signal.h		base/program.c daemon/signals.c \
			daemon/key_process_start.c \
			daemon/supervisor.c mta/mfi_workarounds.c \
			session/notifier_helper.c dns/resolver_unbound.c \
			directory/directory_thread.c ctl/ctl_top_terminal.c
only termios.h		ctl/ctl_top_terminal.c

# --- includes go up the list of rooms ----------------------------------------
# One line an include: the file, its room, what it includes, the room of that.
# A private header is found beside its reader or below milter/.
# shellcheck disable=SC2086
grep -E '^#include "' $sources $headers | grep -v '"config.h"' |
sed 's/^\([^:]*\):#include "\(.*\)"$/\1 \2/' | awk '
{
	split($1, at, "/")
	room = at[2]
	target = $2
	if (target !~ /\//) {
		dir = $1
		sub(/[^\/]*$/, "", dir)
		target = dir target
	} else if (target ~ /_priv\.h$/)
		target = "milter/" target
	else
		target = "include/" target
	split(target, to, "/")
	print $1, room, target, to[2]
}' >"$here/check-layers.includes"

awk -v rooms="$rooms" '
BEGIN { n = split(rooms, name, /[ \n]+/)
	for (i = 1; i <= n; i++) rank[name[i]] = i }
!($2 in rank)		{ print $1 ": " $2 " is not a room"; next }
rank[$4] > rank[$2]	{ print $1 " includes " $3 }
' "$here/check-layers.includes" | sort -u |
    found "includes of a room further down"
awk '$3 ~ /_priv\.h$/ && $2 != $4 { print $1 " includes " $3 }' \
    "$here/check-layers.includes" | found "private headers of another room"

# What is in include/ has a reader in another room, or is part of a header
# that has one.
awk '
$2 != $4			{ read[$3] = 1 }
$1 ~ /^include/ && $2 == $4	{ part[$3] = part[$3] " " $1 }
END {
	do {
		more = 0
		for (h in part) {
			if (h in read) continue
			n = split(part[h], of, " ")
			for (i = 1; i <= n; i++)
				if (of[i] in read) read[h] = more = 1
		}
	} while (more)
	for (h in read) print h
}' "$here/check-layers.includes" | sort >"$here/check-layers.read"
find include -name '*.h' | sort | comm -23 - "$here/check-layers.read" |
    found "headers in include/ that only their own room reads"
rm -f "$here/check-layers.includes" "$here/check-layers.read"

# --- rooms of a size that can be looked over ---------------------------------
for room in $rooms; do
	[ -d "milter/$room" ] || breach "milter/$room is missing"
	n=$(find "milter/$room" -name '*.c' | wc -l)
	[ "$n" -le 40 ] || breach "milter/$room has $n sources (40)"
done
for other in milter/* include/* tests/*; do
	[ -d "$other" ] || continue
	case " $(echo $rooms) e2e soak scenarios faults fuzz bench tools data " in
	*" ${other#*/} "*) ;;
	*) breach "$other is not a room" ;;
	esac
done

# --- x.c has a header x.h, or extends the name of one; programs have none ----
for file in $sources; do
	grep -q '^main(' "$file" && continue
	dir=$(dirname "${file#milter/}") name=$(basename "$file" .c)
	while [ ! -f "include/$dir/$name.h" ] &&
	    [ ! -f "milter/$dir/${name}_priv.h" ]; do
		case $name in
		*_*) name=${name%_*} ;;
		*) breach "$file belongs to no header"; break ;;
		esac
	done
done

# --- an optional part is a file, not a condition in a body --------------------
# shellcheck disable=SC2086
grep -nE '^#[[:space:]]*(if|ifdef|ifndef)' $sources |
    found "conditional compilation"

# --- small files, small functions --------------------------------------------
for file in $sources; do
	lines=$(wc -l < "$file")
	[ "$lines" -le 500 ] || breach "$file has $lines lines (500)"
	awk -v file="$file" '
	/^\{/ { start = NR }
	/^\}/ { if (start && NR - start - 1 > 60)
		print file ":" start ": " NR - start - 1 " lines"
		start = 0 }' "$file"
done | found "functions over 60 lines"

# --- a name says which file it is from: grep and a debugger find one place ----
# An optional part has two files, of which one is built.
for file in $sources; do
	sed -n 's/^\([a-z][a-z0-9_]*\)(.*/\1/p' "$file" | sort -u |
	    sed "s,\$, $file,"
done | awk '
$1 == "main" || $1 ~ /^__/ || $2 ~ /_none\.c$/ { next }
$1 in home	{ print $1 ": " home[$1] ", " $2 }
		{ home[$1] = $2 }
' | found "functions of one name"

# --- each fuzz target has its row in fuzz_run.py, which names files of ours ----
for file in tests/fuzz/fuzz_*.c; do
	name=${file#tests/fuzz/fuzz_}
	grep -q "^    '${name%.c}': \[" tests/fuzz/fuzz_run.py || echo "$file"
done | found "fuzz targets without a row in fuzz_run.py"
sed -n "/^ABOUT = {/,/^}/p" tests/fuzz/fuzz_run.py |
    grep -o "'[a-z_/]*\.c'" | tr -d "'" | while read -r file; do
	[ -f "milter/$file" ] || echo "$file"
done | found "no such file, in fuzz_run.py"

cd "$here" && cd "$builddir" || exit 1

# --- symbols go up the list, too: no circle between two rooms ----------------
# mta has functions of libc's names, which all rooms may call
for room in $rooms; do
	find "milter/$room" -name '*.o' 2>/dev/null |
	    sort | xargs -r nm -g | awk -v room="$room" '
	NF == 2 && $1 == "U"	{ print "uses", room, $2 }
	NF == 3			{ print "has", room, $3 }'
done | sort -u | awk -v rooms="$rooms" '
BEGIN { n = split(rooms, name, /[ \n]+/)
	for (i = 1; i <= n; i++) rank[name[i]] = i }
$3 ~ /^(accept|pthread_create|sigwait)$/ { next }
$1 == "has"				{ home[$3] = $2; next }
$3 in home && rank[home[$3]] > rank[$2]	{ print $2 " calls " home[$3] ": " $3 }
' | found "symbols of a room further down"

# --- judgement is pure: it does no I/O and asks no clock ----------------------
# All of libjudge.a is; and all of these rooms is in it.
for room in mail policy dmarc doctor; do
	for file in "$source/milter/$room"/*.c; do
		ar t libjudge.a 2>/dev/null |
		    grep -qx "$(basename "$file" .c).o" ||
			echo "milter/$room/$(basename "$file")"
	done
done | found "not in libjudge.a"
impure='time|gettimeofday|clock_gettime|localtime|gmtime|getenv|open|openat
fopen|fopen64|open64|read|write|pread|pwrite|socket|connect|send|recv|poll
select|syslog|openlog|printf|puts|putchar|fputs|fprintf|vfprintf|perror
__printf_chk|__fprintf_chk|__syslog_chk|fork|system|popen|random|rand
arc4random|getrandom|gethostname|getpid'
impure=$(echo "$impure" | tr '\n' '|')
nm -A -u libjudge.a 2>/dev/null | sed 's/@.*//' |
    awk -v impure="^(${impure%|})\$" '$NF ~ impure { print $1, $NF }' |
    found "judgement that does I/O"

# --- libmilter gets these functions from the program --------------------------
# mfi_workarounds.c, mfi_threads.c
for function in accept pthread_create sigwait; do
	[ ! -f millgate ] || nm -D millgate | grep -q " T $function\$" ||
		echo "$function"
done | found "not exported by the program millgate"

[ ! -f "$mark" ] || { rm -f "$mark"; exit 1; }
echo "layers hold"
