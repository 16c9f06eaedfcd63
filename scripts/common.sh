# Shared by the scripts beside it: packages, and where things are. Sourced, never run.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1  # another clone finds what this one compiled

PACKAGES="g++ cmake ninja-build git pkg-config ca-certificates procps python3 python3-venv python3-pip python3-jinja2
 libzmq3-dev cppzmq-dev libprotobuf-dev protobuf-compiler libcli11-dev libboost1.81-dev nlohmann-json3-dev
 libspdlog-dev libfmt-dev prometheus-cpp-dev libsystemd-dev pocl-opencl-icd opencl-headers ocl-icd-opencl-dev
 ocl-icd-libopencl1 libgtest-dev libgmock-dev libsqlite3-dev libseccomp-dev libutf8proc-dev pci.ids ccache
 python3-jsonschema"

say() { printf '== %s\n' "$*" >&2; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

# Installs what is missing of the packages named; says nothing when all are there.
install_packages() {
  local missing=() name
  for name in "$@"; do
    dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  say "installing ${#missing[@]} packages: ${missing[*]}"
  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "packages are missing (${missing[*]}): run this as root, or install sudo"
    sudo=(sudo)
  fi
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq >/dev/null \
    || fail "apt-get update failed: is a Debian mirror reachable?"
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" \
    >/dev/null || fail "apt-get could not install: ${missing[*]}"
}

# Configures and builds a preset (release: build/, others: build-NAME/), optionally only some targets.
build_preset() {
  local preset=$1 folder
  shift
  folder=build
  [ "$preset" = release ] || folder=build-$preset
  if [ ! -f "$folder/build.ninja" ]; then
    say "configuring $folder"
    cmake --preset "$preset" >"/tmp/motley-configure.$$" 2>&1 \
      || { cat "/tmp/motley-configure.$$" >&2; rm -f "/tmp/motley-configure.$$"; fail "cmake failed"; }
    rm -f "/tmp/motley-configure.$$"
  fi
  say "building $folder"
  ninja -C "$folder" "$@" >"$folder/build.log" 2>&1 || { tail -40 "$folder/build.log" >&2; fail "the build failed: $folder/build.log"; }
}

# Where downloads are kept between runs.
cache_folder() { printf '%s\n' "${MOTLEY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/motley}"; }

# pip download into a folder; fetch NAME==VERSION FOLDER [pip options]
fetch_package() {
  local what=$1 to=$2
  shift 2
  mkdir -p "$to"
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --dest "$to" "$@" "$what" \
    || fail "pip could not fetch $what: is PyPI reachable?"
}
