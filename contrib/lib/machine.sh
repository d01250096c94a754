# machine.sh - functions of the programs of contrib that change the machine
#
# Sourced. There are three rules. Nothing is changed on a machine that runs a
# mail server. Missing packages are installed, but no servers. Postfix, Dovecot,
# nsd, Sendmail, Redis, haproxy, PostgreSQL, MariaDB, OpenLDAP and Prometheus are
# unpacked below the source tree and not installed, so the system gets no user,
# service or configuration file.

# The packages that the build, its tests and the end-to-end suite need, by their
# names in Debian 12. libsystemd, libhiredis, libyaml, libpq, libmariadb, libldap,
# liblmdb, libmicrohttpd and libseccomp are optional for the build.
BUILD_PACKAGES="autoconf automake gcc make pkg-config libc6-dev
libmilter-dev libopendkim-dev libspf2-dev libssl-dev libunbound-dev
libsqlite3-dev libconfuse-dev libidn2-dev libhiredis-dev libyaml-dev
libpq-dev libmariadb-dev libldap-dev liblmdb-dev libmicrohttpd-dev
libseccomp-dev"
TEST_PACKAGES="libcmocka-dev libsystemd-dev libmail-dkim-perl python3-spf
python3-yaml softhsm2 libengine-pkcs11-openssl"
# What contrib/build-deb needs besides these.
PACKAGE_PACKAGES="build-essential debhelper dpkg-dev fakeroot"
WORLD_PACKAGES="openssl python3 python3-dkim python3-pyte"
# For the tests of the status page; they are skipped without it. 440 MB.
BROWSER_PACKAGES="chromium"
# The libraries of the unpacked servers.
SERVER_LIBRARIES="libdb5.3 libicu72 libnsl2 libsasl2-2 libsodium23
libevent-2.1-7 libfstrm0 libprotobuf-c1 libpam0g libcap2 libunwind8
libldap-2.5-0 liblockfile1 libwrap0 libsasl2-modules libsasl2-modules-db m4
libjemalloc2 liblzf1 libatomic1 liblua5.3-0 libopentracing-c-wrapper0
libpcre2-8-0 libaio1 libedit2 libgssapi-krb5-2 libltdl7 libmariadb3 libncurses6
libnuma1 libpq5 libreadline8 liburing2 libxml2"
SERVERS="postfix dovecot-core nsd"
# Always unpacked, because a system with Postfix does not have it.
SENDMAIL="sendmail-bin sendmail-base sendmail-cf sasl2-bin"
# Always unpacked: if it were installed, it would start a service. redis-server
# is a link into the package redis-tools.
REDIS="redis-server redis-tools"
# Always unpacked, for the same reason.
HAPROXY="haproxy"
# Always unpacked, for the same reason, into a directory of their own: PostgreSQL,
# MariaDB and OpenLDAP with their clients, and Postfix's tables of these types.
DATABASES="postgresql-15 postgresql-client-15 mariadb-server-core
mariadb-client-core slapd ldap-utils postfix-pgsql postfix-mysql postfix-ldap
postfix-sqlite"
# promtool and a second reader of metrics. Unpacked for the same reason.
PROMETHEUS="prometheus python3-prometheus-client python3-decorator"
# Always unpacked: the SPF suites are in its documentation, which dpkg may
# be told to leave out.
SUITES="python3-spf"
# What contrib/bench-peers measures millgate beside, and the libraries of these
# that nothing else here needs. Always unpacked: installed, they would start
# services and ask for an MTA and a database.
PEERS="opendkim opendmarc pyspf-milter rspamd policyd-rate-limit
libopendkim11 libvbr2 librbl1 liblua5.3-0 libhashkit2 libmemcached11
libopendbx1 libbsd0 dns-root-data libopendmarc2 publicsuffix libmilter1.0.1
python3-milter python3-spf-engine python3-spf python3-authres python3-dns
python3-yaml libhyperscan5 libluajit-5.1-2 libluajit-5.1-common libpcre2-8-0"

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

# unpack DIRECTORY PACKAGE...: makes the directory anew, unless the same packages
# are in it already. Its file "versions" has their names and versions.
unpack()
{
	target=$1
	shift
	[ "$(cat "$target/complete" 2>/dev/null)" = "$*" ] && return 0
	echo "unpacking into $target: $*"
	fetch_lists_unless_known "$@"
	rm -rf "$target"
	mkdir -p "$target/packages" || die "cannot make $target"
	(cd "$target/packages" && apt-get download -qq \
	    -o APT::Sandbox::User=root "$@") </dev/null ||
	    die "apt-get could not download: $*"
	for deb in "$target"/packages/*.deb; do
		dpkg-deb -x "$deb" "$target" || die "cannot unpack $deb"
		dpkg-deb --show "$deb" >>"$target/versions"
	done
	rm -r "$target/packages"
	echo "$*" >"$target/complete"
}

# Unpacks Sendmail, Redis, haproxy, Prometheus and the SPF suites into directory
# $1, and the other servers unless the system has them. Does nothing if they are
# there already.
unpack_servers()
{
	wanted="$SERVERS $SENDMAIL $REDIS $HAPROXY $PROMETHEUS $SUITES"
	if [ -x /usr/lib/postfix/sbin/master ] &&
	    [ -x /usr/bin/doveconf ] && [ -x /usr/sbin/nsd ]; then
		wanted="$SENDMAIL $REDIS $HAPROXY $PROMETHEUS $SUITES"
	fi
	# shellcheck disable=SC2086
	unpack "$1" $wanted
}

# Unpacks the databases below directory $1, after unpack_servers, which may make
# the directory anew.
unpack_databases()
{
	# shellcheck disable=SC2086
	unpack "$1/databases" $DATABASES
}

# Unpacks the peers and their libraries into directory $1. A package that Debian
# does not have is left out; the benchmark names its peer as missing.
unpack_peers()
{
	wanted=
	# shellcheck disable=SC2086
	fetch_lists_unless_known $PEERS
	for package in $PEERS; do
		if apt-cache show "$package" >/dev/null 2>&1; then
			wanted="$wanted $package"
		else
			echo "not unpacked, unknown to apt-get: $package"
		fi
	done
	# shellcheck disable=SC2086
	(unpack "$1" $wanted)
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
