#!/bin/sh
# install - what configure asks for, and what `make install' puts where
#
# README names these files, so a reader must find them after the installation.
builddir=${builddir:-.}
source=$(cd "${srcdir:-.}" && pwd) || exit 1
place=$(mktemp -d) || exit 1
trap 'rm -rf "$place"' EXIT
failed=0

# The make of `make check' must not hand its options to this one.
unset MAKEFLAGS MFLAGS MAKELEVEL
if ! make -s -C "$builddir" install DESTDIR="$place" prefix=/usr \
    sysconfdir=/etc localstatedir=/var systemdsystemunitdir=/units/system \
    >"$place/output" 2>&1; then
	sed 's/^/# /' "$place/output"
	echo "not ok - make install"
	exit 1
fi

doc=usr/share/doc/millgate
for file in usr/sbin/millgate usr/bin/millgatectl \
    usr/share/man/man5/millgate.conf.5 usr/share/man/man8/millgate.8 \
    usr/share/man/man7/millgate-howto.7 \
    usr/share/man/man7/millgate-metrics.7 \
    usr/share/man/man8/millgatectl.8 $doc/README $doc/NEWS $doc/SECURITY \
    $doc/millgate.conf \
    $doc/examples/grafana/millgate.json \
    $doc/examples/notify-postmaster \
    $doc/examples/prometheus/millgate.rules.yml \
    $doc/examples/postfix/main.cf $doc/examples/postfix/master.cf \
    $doc/examples/postfix/millgate-postfix.conf \
    $doc/examples/postfix/millgate-socket.conf \
    $doc/examples/sendmail/millgate.mc $doc/examples/sendmail/submit.mc; do
	if [ -s "$place/$file" ]; then
		echo "ok - $file"
	else
		echo "not ok - $file is missing"
		failed=1
	fi
done

# contrib/build-deb stops unless these agree, and sed of packaging/debian/rules
# changes these lines of the sample.
version=$(sed -n 's/^AC_INIT(\[millgate\], \[\([^]]*\)\].*/\1/p' \
    "$source/configure.ac")
if [ -n "$version" ] && head -1 "$source/packaging/debian/changelog" |
    grep -qF "millgate ($version) "; then
	echo "ok - the changelog of the package begins with version $version"
else
	echo "not ok - packaging/debian/changelog does not begin with $version"
	failed=1
fi
for option in socket mode; do
	if grep -q "^#$option = " "$source/packaging/millgate.conf"; then
		echo "ok - the sample has the default of $option"
	else
		echo "not ok - packaging/millgate.conf has no line #$option"
		failed=1
	fi
done

# Without python3, make check would fail with status 127 later. configure
# believes its cache that it found none.
if [ -e "$source/config.status" ]; then
	echo "ok - configure without python3 # SKIP configured in place"
	exit $failed
fi
mkdir "$place/build" && cd "$place/build" || exit 1
if ac_cv_path_PYTHON3='' "$source/configure" -q >"$place/output" 2>&1 ||
    ! grep -q 'python3 (Debian package: python3)' "$place/output"; then
	sed 's/^/# /' "$place/output"
	echo "not ok - configure without python3 says so"
	exit 1
fi
echo "ok - configure without python3 says so"
exit $failed
