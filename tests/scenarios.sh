#!/bin/sh
# scenarios - every scenario file, replayed offline by millgatectl
srcdir=${srcdir:-.}
exec "${MILLGATE_BUILD:-.}/millgatectl" replay "$srcdir"/tests/scenarios/*.case
