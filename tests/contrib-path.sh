#!/bin/sh
# contrib-path - the programs of contrib in directories of odd names
#
# In a path in which configure or make fails they must say so before they
# change anything. The programs that they would ask or change something with
# are replaced: id says root, and apt-get writes down that it was called.
srcdir=${srcdir:-.} builddir=${builddir:-.}
source=$(cd "$srcdir" && pwd) || exit 1
work=$(mktemp -d "$(cd "$builddir" && pwd)/contrib-path.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

# result WHETHER WHAT: WHETHER is a status
result() {
	if [ "$1" = 0 ]; then
		echo "ok - $2"
	else
		echo "not ok - $2"
		sed 's/^/# /' "$work/output" "$work/calls"
		failed=1
	fi
}

# stub NAME COMMANDS
stub() {
	printf '#!/bin/sh\n%s\n' "$2" >"$work/bin/$1"
	chmod +x "$work/bin/$1"
}

# The files of the tree $1, and when each was changed.
state() { find "$1" -exec ls -ld --full-time {} +; }

# run NAME COMMAND: in a tree below a directory of that name
run() {
	tree=$work/$1/millgate
	mkdir -p "$tree"
	cp -R "$source/contrib" "$tree"
	chmod -R u+w "$tree"	# make distcheck has a tree that is read only
	state "$tree" >"$work/before"
	: >"$work/calls"
	PATH=$work/bin:$PATH sh "$tree/contrib/$2" >"$work/output" 2>&1
	status=$?
	state "$tree" >"$work/after"
}

refuses() {
	run "$1" "$2"
	[ $status = 1 ] && [ ! -s "$work/calls" ] &&
	    grep -q 'do not work in this directory' "$work/output" &&
	    grep -qF 'Nothing was changed' "$work/output" &&
	    cmp -s "$work/before" "$work/after"
	result $? "$2 refuses $3"
}

# Where it is not the path, it goes on: to the packages, unless a mail server
# runs on this machine.
goes_on() {
	run "$1" "$2"
	grep -q '^apt-get .*install' "$work/calls" ||
	    grep -q 'mail server' "$work/output"
	result $? "$2 goes on in $1"
}

mkdir "$work/bin" || exit 1
stub id 'echo 0'
stub dpkg-query 'exit 1'
stub apt-cache 'exit 0'
stub apt-get "echo apt-get \"\$@\" >>'$work/calls'; exit 1"
stub dpkg-deb "echo dpkg-deb \"\$@\" >>'$work/calls'; exit 1"

# configure refuses up to the colon; behind it are those that break a rule of
# the Makefile.
for command in demo check bench-peers import-peers build-deb check-deb; do
	refuses 'a b' $command 'a blank'
	refuses 'a	b' $command 'a tab'
	refuses "it's" $command 'a single quote'
	for c in '"' '`' '\' '#' '$' '&' ':' \
	    '(' ')' '*' ';' '<' '>' '?' '|'; do
		refuses "a${c}b" $command "$c"
	done
	goes_on plain $command
	goes_on 'a-b_c.d+e,f@g=h~i%j!k^[l]{m}' $command
done
exit $failed
