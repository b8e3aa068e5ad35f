#!/bin/sh
# Boots a systemd user manager in a cgroup and a mount namespace of its own, and lets go of both when standard input
# ends. Must run in a fresh mount namespace (unshare -m) as root. Commands on standard input: freeze, thaw.
# Arguments: directory, name of the cgroup.
set -eu
dir=$1
name=$2
mount --make-rprivate /
umount -R /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 none /sys/fs/cgroup
mkdir -p "$dir/run"
mount --bind "$dir/run" /run
mkdir -p /run/systemd/system
cgroup=/sys/fs/cgroup/$name
mkdir "$cgroup"
cleanup() {
  echo 0 >"$cgroup/cgroup.freeze"
  echo 1 >"$cgroup/cgroup.kill"
  while grep -q 'populated 1' "$cgroup/cgroup.events"; do sleep 0.01; done
  find "$cgroup" -depth -type d -exec rmdir {} +
}
trap cleanup EXIT
boot() {
  # In the root cgroup the manager would take every process of the host for its own.
  echo 0 >"$cgroup/cgroup.procs"
  grep -q "^0::/$name\$" /proc/self/cgroup || exit 3
  exec env -i "PATH=$PATH" "HOME=$dir/home" "XDG_RUNTIME_DIR=$dir" "DBUS_SESSION_BUS_ADDRESS=unix:path=$dir/bus" \
    SYSTEMD_ENVIRONMENT_GENERATOR_PATH= SYSTEMD_GENERATOR_PATH= /lib/systemd/systemd --user
}
(trap - EXIT; boot) </dev/null &
while read -r command; do
  case $command in
    freeze) echo 1 >"$cgroup/cgroup.freeze" ;;
    thaw) echo 0 >"$cgroup/cgroup.freeze" ;;
    # A power cut, and the boot after it.
    reboot)
      echo 1 >"$cgroup/cgroup.kill"
      while grep -q 'populated 1' "$cgroup/cgroup.events"; do sleep 0.01; done
      rm -rf "$dir/systemd" "$dir/bus"
      mkdir -p "$dir/systemd/user"
      (trap - EXIT; boot) </dev/null &
      ;;
  esac
  echo "$command done"
done
