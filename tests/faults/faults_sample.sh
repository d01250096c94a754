#!/bin/sh
# faults_sample - some of the points of make check-faults, in a few seconds.
# A sanitizer stands in front of libc as fault_calls.c does: not with one.
srcdir=${srcdir:-.} build=${MILLGATE_BUILD:-.}
if nm -D "$build/millgate" | grep -qE ' __(asan|tsan)_'; then
	echo "skipped: built with a sanitizer"
	exit 77
fi
"$build/tests/faults/faults_scenarios" --every 199 \
    "$srcdir"/tests/scenarios/*.case || exit 1
python=${PYTHON3:-python3}
"$python" "$srcdir/tests/faults/faults_tool.py" --every 37 || exit 1
exec "$python" "$srcdir/tests/faults/faults_daemon.py" --every 61
