#!/usr/bin/env bash
# Makes the Debian packages, checks them with lintian, and (as root) installs them into a clean Debian 13 root and starts every program there.
# Called by ./dev package, which gives the build folder, the Debian root of the build (empty on Debian 13 itself) and the cache folder.
set -euo pipefail
build=$1 root=$2 cache=$3; shift 3
say() { printf 'package: %s\n' "$*" >&2; }
in_build() { "$LATHE_DEV" exec "$@"; }

out=$build/packages
rm -rf "$out"
mkdir -p "$out"
chown --reference="$build" "$out"
# Under the lock of the build, so that nothing is linked while it is copied.
( flock 9; in_build cpack --config "$build/CPackConfig.cmake" -B "$out" >"$build/cpack.log" 2>&1 9>&- ) 9>"$build/.lock" || { tail -n 20 "$build/cpack.log" >&2; say "cpack failed; the log is $build/cpack.log"; exit 1; }
rm -rf "$out/_CPack_Packages"
mapfile -t debs < <(find "$out" -maxdepth 1 -name '*.deb' | sort)
[ ${#debs[@]} = 2 ] || { say "two packages were expected, not ${#debs[@]}"; exit 1; }
say "lintian"
in_build lintian --fail-on error --suppress-tags bad-distribution-in-changes-file "${debs[@]}"
for f in "${debs[@]}"; do say "$(du -h "$f" | cut -f1) $f"; done

if [ "$(id -u)" != 0 ] || [ -z "$root" ]; then
  say "not installed into a clean root: that needs root and a Debian root to copy the archive settings from"
  exit 0
fi
# The clean root is made once and copied for every try.
clean=$cache/clean base=$cache/clean-base
if [ ! -e "$base/.complete" ]; then
  say "making a clean Debian 13 root (once)"
  rm -rf --one-file-system "$base"
  mirror=$(sed -n 's/^deb[[:space:]]\+\(\[[^]]*\][[:space:]]*\)\?\([^[:space:]]*\).*/\2/p' "$root/etc/apt/sources.list" | head -n 1)
  debootstrap --variant=minbase --include=ca-certificates trixie "$base" ${mirror:+"$mirror"} >"$cache/clean.log" 2>&1 || { tail -n 5 "$cache/clean.log" >&2; exit 1; }
  cp "$root"/etc/apt/apt.conf.d/90host "$base/etc/apt/apt.conf.d/" 2>/dev/null || true
  touch "$base/.complete"
fi
rm -rf --one-file-system "$clean"
cp -a "$base" "$clean"
cp -L /etc/resolv.conf "$clean/etc/resolv.conf"
mkdir "$clean/packages"
cp "${debs[@]}" "$clean/packages/"
unshare --mount --propagation private -- bash -ec '
  clean=$1
  mount -t proc proc "$clean/proc"; mount --rbind /sys "$clean/sys"; mount --rbind /dev "$clean/dev"
  exec chroot "$clean" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive sh -ec "
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 /packages/lathe_*.deb xvfb xauth >/tmp/apt.log 2>&1 || { tail -n 20 /tmp/apt.log; exit 1; }
    useradd -m somebody
    cd /tmp
    for command in \"lathe-cli methods\" \"lathe-cli run delta_cache.sample --set policy=delta --project /tmp/first.lathe\" \"xvfb-run -a lathe /tmp/first.lathe --workspace runs --screenshot /tmp/lathe.png\"; do
      echo \"package: somebody\$ \$command\"
      su somebody -c \"\$command\" >/tmp/out.log 2>&1 || { tail -n 20 /tmp/out.log; exit 1; }
      tail -n 2 /tmp/out.log
    done
    test -s /tmp/lathe.png"
' package "$clean"
cp "$clean/tmp/lathe.png" "$out/started-in-a-clean-root.png"
rm -rf --one-file-system "$clean"
say "installed and started in a clean Debian 13 root; the packages and a picture of the window are in $out"
