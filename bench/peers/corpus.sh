#!/bin/sh
# corpus.sh DIR: DIR/corpus.txt, about 47 MB of English for tokenizer.py, from two GPL packages of Debian 12:
# the dictionary dict-gcide, then the first 7,000,000 bytes (files in path order) of linux-doc-6.1's English prose.
# Needs apt-get, dpkg-deb, iconv. Debian may update the packages; with dict-gcide 0.48.5+nmu2 and linux-doc-6.1 6.1.192-2 it
# is 46,952,318 bytes, sha256 af46538c2f74081ee57024052c39a07410b0c1d51616085784a943bbd9e6222d.
set -eu
mkdir -p "$1"
cd "$1"
for p in dict-gcide linux-doc-6.1; do
  [ -d "$p" ] && continue
  apt-get download -qq "$p"
  dpkg-deb -x "$p"_*.deb "$p.part"
  mv "$p.part" "$p"
done
{
  gzip -dc < dict-gcide/usr/share/dictd/gcide.dict.dz
  find linux-doc-6.1/usr/share/doc/linux-doc-6.1/Documentation -name '*.rst.gz' ! -path '*/translations/*' |
    LC_ALL=C sort | xargs gzip -dc 2> pipe.log | head -c 7000000
} > raw.txt
iconv -c -f UTF-8 -t UTF-8 raw.txt > corpus.txt || true # status 1 when it left out an invalid byte
rm -f raw.txt pipe.log
wc -c corpus.txt
sha256sum corpus.txt
