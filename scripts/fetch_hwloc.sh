#!/usr/bin/env bash
# Fetches Debian's source package of hwloc and unpacks the machines that its tests recorded; prints the folder that
# holds one folder per machine, for the tests that read MOTLEY_HWLOC_SOURCE.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

version=2.9.0
to=$(cache_folder)
while [ $# -gt 0 ]; do
  case $1 in
    --to) [ $# -ge 2 ] || fail "--to needs a folder"; to=$2; shift ;;
    -h|--help) echo "usage: scripts/fetch_hwloc.sh [--to DIR]"
               echo "Fetches the source package of hwloc $version (3 MiB) from the Debian mirror that apt uses and prints"
               echo "the folder of the recorded machines in it (100 MiB unpacked, without their CPU caches)."; exit 0 ;;
    *) fail "unknown option $1 (scripts/fetch_hwloc.sh --help)" ;;
  esac
  shift
done

machines=$to/hwloc-$version-machines
if [ ! -d "$machines" ]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$work/lists/partial" "$work/archives/partial" "$to"
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 'Component: main' 'Codename: bookworm' \
           2>/dev/null | head -1)
  # Lists of its own: most machines have no deb-src line, and a user cannot write apt's.
  echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror:-http://deb.debian.org/debian} bookworm main" \
    >"$work/sources.list"
  options=(-qq -o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/dev/null
           -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work" -o "APT::Sandbox::User=root")
  say "fetching the source package of hwloc $version"
  (cd "$work" && apt-get "${options[@]}" update && apt-get "${options[@]}" source --download-only "hwloc=$version-1") \
    >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "apt could not fetch hwloc's source: is a Debian mirror reachable?"; }
  say "unpacking its recorded machines"
  python3 - "$work/hwloc_$version.orig.tar.bz2" "$work/machines" <<'PYTHON'
import io
import re
import sys
import tarfile

# What each CPU's caches are makes nine tenths of the files and is not read.
SKIP = re.compile(r"/sys/devices/system/cpu/cpu\d+/")
package, to = sys.argv[1:]
with tarfile.open(package) as outer:
    for entry in outer:
        if not re.search(r"/tests/hwloc/linux/.*\.tar\.bz2$", entry.name):
            continue
        name = entry.name.rsplit("/", 1)[1].removesuffix(".tar.bz2")
        with tarfile.open(fileobj=io.BytesIO(outer.extractfile(entry).read())) as machine:
            wanted = [m for m in machine if not SKIP.search(m.name) and (m.isfile() or m.issym() or m.isdir())
                      and not m.name.startswith("/") and ".." not in m.name.split("/")]
            for member in wanted:
                member.mode |= 0o700 if member.isdir() else 0o600
                member.name = re.sub(r"^(\./)?[^/]+", name, member.name)
            machine.extractall(to, wanted)
PYTHON
  rm -rf "$machines"
  mv "$work/machines" "$machines"
fi
echo "$machines"
