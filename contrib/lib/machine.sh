# machine.sh - functions of contrib/demo and contrib/check that change the
# machine
#
# Sourced. There are three rules. Nothing is changed on a machine that runs a
# mail server. Missing packages are installed, but no servers. Postfix, Dovecot,
# nsd, Sendmail and Redis are unpacked below the source tree and not installed,
# so the system gets no user, service or configuration file.

# The packages that the build, its tests and the end-to-end suite need, by their
# names in Debian 12. libsystemd and libhiredis are optional for the build.
BUILD_PACKAGES="autoconf automake gcc make pkg-config libc6-dev
libmilter-dev libopendkim-dev libspf2-dev libssl-dev libunbound-dev
libsqlite3-dev libconfuse-dev libidn2-dev libhiredis-dev"
TEST_PACKAGES="libcmocka-dev libsystemd-dev libmail-dkim-perl python3-spf
python3-yaml"
WORLD_PACKAGES="openssl python3 python3-dkim"
# The libraries of the unpacked servers.
SERVER_LIBRARIES="libdb5.3 libicu72 libnsl2 libsasl2-2 libsodium23
libevent-2.1-7 libfstrm0 libprotobuf-c1 libpam0g libcap2 libunwind8
libldap-2.5-0 liblockfile1 libwrap0 libsasl2-modules libsasl2-modules-db m4
libjemalloc2 liblzf1 libatomic1"
SERVERS="postfix dovecot-core nsd"
# Always unpacked, because a system with Postfix does not have it.
SENDMAIL="sendmail-bin sendmail-base sendmail-cf sasl2-bin"
# Always unpacked: if it were installed, it would start a service. redis-server
# is a link into the package redis-tools.
REDIS="redis-server redis-tools"
# Always unpacked: the SPF suites are in its documentation, which dpkg may
# be told to leave out.
SUITES="python3-spf"

die()
{
	printf '%s\n' "$0: $*" >&2
	exit 1
}

# Prints the TCP ports with a listener in this network namespace.
listening_ports()
{
	cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
	awk '$4 == "0A" { sub(/.*:/, "", $2); print $2 }' | sort -u |
	while read -r hex; do
		printf '%d\n' "0x$hex"
	done
}

# A server whose configuration is not below /etc is a private one: a test of
# another project, or another run of this one.
is_private()
{
	previous=
	for word in $1; do
		case $previous in
		-c|-C|-f)
			case $word in
			/etc/*|-*) ;;
			/*) return 0 ;;
			esac ;;
		esac
		previous=$word
	done
	return 1
}

# Finds a running mail server by its process and prints its name.
running_mail_server()
{
	for dir in /proc/[0-9]*; do
		comm=$(cat "$dir/comm" 2>/dev/null) || continue
		line=$(tr '\0' ' ' < "$dir/cmdline" 2>/dev/null) || continue
		case $comm:$line in
		master:*postfix*) name=Postfix ;;
		exim4:*|exim:*) name=Exim ;;
		sendmail:*|sendmail-mta:*) name=Sendmail ;;
		smtpd:*smtpd*) name=OpenSMTPD ;;
		qmail-send:*) name=qmail ;;
		courierd:*) name=Courier ;;
		*) continue ;;
		esac
		# Postfix's smtpd is found through its master
		[ "$comm" = smtpd ] && case $line in *" -t "*) continue ;; esac
		is_private "$line" && continue
		echo "$name (process ${dir#/proc/})"
		return 0
	done
	return 1
}

# Prints the reason and exits before anything is changed.
refuse_beside_a_mail_server()
{
	if found=$(running_mail_server); then
		die "a mail server runs on this machine: $found.
This program would start a second one, so it stops here. Nothing was
changed. Use a machine or a container without a mail server."
	fi
	for port in $(listening_ports); do
		case $port in
		25|465|587)
			die "TCP port $port is in use: this machine runs a\
 mail server.
This program would start a second one, so it stops here. Nothing was
changed. Use a machine or a container without a mail server." ;;
		esac
	done
}

# refuse_unsafe_path SOURCE: configure, or a rule of make, fails later in a path
# that has one of these; by then the packages would be installed.
refuse_unsafe_path()
{
	case $1 in
	*[[:space:]\"\'\`\\\#\$\&\(\)\*:\;\<\>\?\|]*)
		die "configure and make do not work in this directory: $1
Its path has a blank, a quote or one of \\ # \$ & ( ) * : ; < > ? | in it, so
this stops here. Nothing was changed. Move the tree to another path." ;;
	esac
}

require_root_and_debian()
{
	[ "$(id -u)" = 0 ] || die "run this as root: it starts a private\
 mail server and installs missing packages"
	command -v apt-get >/dev/null && command -v dpkg-query >/dev/null ||
	    die "apt-get and dpkg of Debian are required"
}

installed()
{
	case $(dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null) in
	ii*) return 0 ;;
	esac
	return 1
}

# The package lists of a new container are empty: fetch them if a package is
# unknown.
fetch_lists_unless_known()
{
	for package in "$@"; do
		if ! apt-cache show "$package" >/dev/null 2>&1; then
			apt-get update -qq >/dev/null ||
			    die "apt-get update failed; is there a network?"
			return
		fi
	done
}

# Installs the missing packages among its arguments.
install_packages()
{
	missing=
	for package in "$@"; do
		installed "$package" || missing="$missing $package"
	done
	[ -n "$missing" ] || return 0
	echo "installing packages:$missing"
	# shellcheck disable=SC2086 # a list of words
	fetch_lists_unless_known $missing
	log=$(mktemp)
	# shellcheck disable=SC2086
	if ! DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
	    --no-install-recommends $missing >"$log" 2>&1 </dev/null; then
		tail -20 "$log" >&2
		rm -f "$log"
		die "apt-get could not install:$missing"
	fi
	rm -f "$log"
}

# Unpacks Sendmail, Redis and the SPF suites into directory $1, and the other
# servers unless the system has them. Does nothing if they are there already.
unpack_servers()
{
	wanted="$SERVERS $SENDMAIL $REDIS $SUITES"
	if [ -x /usr/lib/postfix/sbin/master ] &&
	    [ -x /usr/bin/doveconf ] && [ -x /usr/sbin/nsd ]; then
		wanted="$SENDMAIL $REDIS $SUITES"
	fi
	[ "$(cat "$1/complete" 2>/dev/null)" = "$wanted" ] && return 0
	echo "unpacking into $1: $wanted"
	# shellcheck disable=SC2086
	fetch_lists_unless_known $wanted
	rm -rf "$1"
	mkdir -p "$1/packages" || die "cannot make $1"
	# shellcheck disable=SC2086
	(cd "$1/packages" && apt-get download -qq \
	    -o APT::Sandbox::User=root $wanted) </dev/null ||
	    die "apt-get could not download: $wanted"
	for deb in "$1"/packages/*.deb; do
		dpkg-deb -x "$deb" "$1" || die "cannot unpack $deb"
	done
	rm -r "$1/packages"
	echo "$wanted" >"$1/complete"
}

# build SOURCE DIRECTORY [CONFIGURE-ARGUMENT...]: all programs, quietly.
# Both directories are absolute.
build()
{
	source=$1 target=$2
	shift 2
	if [ -e "$source/config.status" ]; then
		die "$source was configured in place; run 'make distclean'\
 there first"
	fi
	log=$(mktemp)
	if ! {
		{ [ -e "$source/configure" ] ||
		    (cd "$source" && autoreconf -fi); } &&
		mkdir -p "$target" &&
		{ [ -e "$target/Makefile" ] ||
		    (cd "$target" && "$source/configure" -q "$@"); } &&
		make -s -C "$target" -j"$(nproc)" all
	} >"$log" 2>&1 </dev/null; then
		tail -40 "$log" >&2
		rm -f "$log"
		die "the build in $target failed"
	fi
	rm -f "$log"
}
