#!/usr/bin/env bash
# Installs what the tests need besides npm: CPython, Go's pprof and Chromium to compare with, a C compiler to inject faults. Nothing is skipped.
set -euo pipefail
packages=()
command -v python3 >/dev/null || packages+=(python3)
command -v go >/dev/null || packages+=(golang-go)
command -v cc >/dev/null || packages+=(gcc libc6-dev)
command -v chromium >/dev/null || packages+=(chromium)
[ ${#packages[@]} -eq 0 ] && exit 0
if ! command -v apt-get >/dev/null; then
  echo "install ${packages[*]} first: the tests compare with them" >&2
  exit 1
fi
sudo=; [ "$(id -u)" = 0 ] || sudo=sudo
$sudo apt-get update -qq
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
