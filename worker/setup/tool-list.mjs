/**
 * Tools that must be newer than a stable Debian may have. A group comes as one from one package
 * source. `range` is what was tried with this program: older ones lack something we need, newer
 * major ones may differ.
 */
export const TOOL_GROUPS = [
  {
    name: "jj",
    packages: ["jujutsu"],
    programs: ["jj"],
    range: { from: "0.46.0", below: "1.0.0" },
    why: "versions the agents' work",
  },
  {
    name: "git",
    packages: ["git"],
    programs: ["git"],
    range: { from: "2.42.0", below: "3.0.0" },
    why: "jj fetches and pushes through it",
  },
  {
    name: "crun",
    packages: ["crun"],
    programs: ["crun"],
    range: { from: "1.21", below: "2.0" },
    why: "starts sandboxes",
  },
  {
    name: "util-linux",
    packages: ["mount", "util-linux"],
    // The first program tells the version of the group.
    programs: [
      "mount",
      "umount",
      "unshare",
      "nsenter",
      "setpriv",
      "findmnt",
      "losetup",
      "flock",
      "setsid",
    ],
    range: { from: "2.39.1", below: "3.0" },
    why: "idmapped mounts",
  },
];

/** Packages of the closure that none of our programs opens (perl, manuals, PAM, debconf …). */
export const UNUSED_PACKAGES =
  /^(perl|libperl|liberror-perl|git-man|debconf|libpam-(modules|runtime)|libdb5|libgdbm|libsasl2-modules|openssl-provider|libaudit-common|libc-gconv|gcc-\d+-base)/;
