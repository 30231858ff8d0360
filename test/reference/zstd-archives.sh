#!/bin/sh
# Makes the archives of test/fixtures/corpus with zstd 1.5: levels, windows, checksums. Usage: sh zstd-archives.sh FOLDER
set -e
cd "$1"
awk 'BEGIN { srand(7); for (i = 0; i < 16000; i++) { n = int(rand() * rand() * 900); printf "%s%s", substr("theofandtoinisthat", 1 + n % 15, 1 + n % 4), (n * 7919) % 1000; printf (i % 11 == 10) ? "\n" : " " } }' > words.txt
zstd -qf --fast=5 words.txt -o fast.zst
zstd -qf -1 words.txt -o level1.zst
zstd -qf -3 words.txt -o level3.zst
zstd -qf -19 words.txt -o level19.zst
zstd -qf --no-check words.txt -o no-check.zst
zstd -qf --rsyncable -T1 words.txt -o rsyncable.zst
zstd -q -c < words.txt > stream.zst # no size in the header
zstd -q -c --ultra -22 --long=31 < words.txt > long31.zst
for i in $(seq 40); do cat words.txt; done | zstd -q -c -12 --zstd=wlog=18 > far.zst
: | zstd -q -c > empty.zst
