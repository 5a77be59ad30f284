#!/usr/bin/env bash
# Installs what the tests compare with: CPython, Go's pprof, Chromium. Nothing is skipped when one is missing.
set -euo pipefail
packages=()
command -v python3 >/dev/null || packages+=(python3)
command -v go >/dev/null || packages+=(golang-go)
command -v chromium >/dev/null || packages+=(chromium)
[ ${#packages[@]} -eq 0 ] && exit 0
if ! command -v apt-get >/dev/null; then
  echo "install ${packages[*]} first: the tests compare with them" >&2
  exit 1
fi
sudo=; [ "$(id -u)" = 0 ] || sudo=sudo
$sudo apt-get update -qq
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
