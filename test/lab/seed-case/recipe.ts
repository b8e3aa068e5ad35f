// What a machine of the seed case has on its disk: Debian with podman in docker's place, and an image of cAdvisor.
import { createHash } from "node:crypto";

/** The release of Debian that machines run. */
export const suite = "trixie";
/** The last release of Debian that has cAdvisor as a package. */
export const imageSuite = "bullseye";
/** What the image is made from. */
export const imagePackages = ["cadvisor"];
/** The image that the unit names, as docker calls it in full. */
export const imageName = "docker.io/google/cadvisor:latest";

/** What machines have: what any machine of the lab needs, podman under docker's name, and curl for looking by hand. */
export const packages = [
  ...["systemd", "systemd-sysv", "dbus", "iproute2", "procps", "libstdc++6", "libatomic1"],
  ...["podman", "podman-docker", "crun", "ca-certificates", "curl"],
];

/** Files of the tree, beside those of its packages. */
export const files: Readonly<Record<string, string>> = {
  // A machine of the lab has the network of one leg and no packet filter to publish ports with; and where the host
  // keeps the pids controller for itself, a limit cannot be set.
  "etc/containers/containers.conf": `[containers]
netns = "host"
pids_limit = 0
keyring = false

[engine]
runtime = "crun"
`,
  // A machine's own disk is an overlay, over which there cannot be another.
  "etc/containers/storage.conf": `[storage]
driver = "vfs"
runroot = "/run/containers/storage"
graphroot = "/var/lib/containers/storage"
`,
  // Says to podman-docker that everybody knows.
  "etc/containers/nodocker": "",
  // podman-docker's link would be in the way of the socket.
  "etc/tmpfiles.d/podman-docker.conf": "",
  // Nothing is left to do at a machine's first boot.
  "etc/.updated": "",
  "var/.updated": "",
  // The service that units for docker name. Unlike docker's own it is not needed to run containers.
  "usr/lib/systemd/system/docker.service": `[Unit]
Description=The API of docker, by podman

[Service]
Type=exec
StateDirectory=docker
ExecStart=/usr/bin/podman system service --time=0 unix:///run/docker.sock
`,
};

/**
 * Makes the image of what is below `$2` in the tree `$1`, with nothing from anywhere else. podman unpacks layers in a
 * root of its own, so the tree has to be mounted; the caller gives it namespaces for that.
 */
export const importScript = `
tree=$1 image=$2 name=$3
mount --bind "$tree" "$tree"
mount -t proc proc "$tree/proc"
mount -t sysfs sysfs "$tree/sys"
mount -t cgroup2 none "$tree/sys/fs/cgroup"
mount -t tmpfs tmpfs "$tree/run"
mount -t tmpfs tmpfs "$tree/tmp"
mount --rbind /dev "$tree/dev"
tar -C "$image" --exclude=./var/lib/apt --exclude=./var/cache -c . | chroot "$tree" podman import --quiet \\
  --change 'ENTRYPOINT ["/usr/bin/cadvisor", "-logtostderr"]' --change 'EXPOSE 8080' - "$name"
`;

/** Names a tree by all that it is made from: another recipe makes another tree. */
export function recipeKey(): string {
  const parts = [suite, imageSuite, imagePackages, packages, imageName, files, importScript];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 12);
}
