/**
 * What of the host's `/etc` and `/var` a sandbox may see, beside pristine conffiles and the folders
 * that packages own. Names here hold no secret on any host; what is not world-readable is left out
 * whatever this list says. A trust boundary: add with care.
 */
export const chosenEtc: readonly string[] = [
  "alternatives",
  "ssl/certs",
  "ca-certificates.conf",
  "ca-certificates",
  "ld.so.cache",
  "ld.so.conf",
  "ld.so.conf.d",
  "localtime",
  "timezone",
  "locale.alias",
  "locale.conf",
  "locale.gen",
  "default/locale",
  "os-release",
  "debian_version",
  "shells",
  "profile",
  "nsswitch.conf",
  "pam.d",
  "xml",
  "sgml",
  "fonts/conf.d",
  "rc0.d",
  "rc1.d",
  "rc2.d",
  "rc3.d",
  "rc4.d",
  "rc5.d",
  "rc6.d",
  "rcS.d",
  "apt/sources.list",
  "apt/sources.list.d",
  "apt/trusted.gpg",
  "apt/trusted.gpg.d",
  "apt/keyrings",
  "apt/preferences",
  "apt/preferences.d",
];

/** Of `/var/lib`: the package database and what maintainer scripts look up. */
export const chosenVarLib: readonly string[] = [
  "dpkg/info",
  "dpkg/status",
  "dpkg/alternatives",
  "dpkg/triggers",
  "dpkg/diversions",
  "dpkg/statoverride",
  "dpkg/arch",
  "apt/extended_states",
  "ucf",
  "pam",
  "xml-core",
  "sgml-base",
];

const neverBelowEtc =
  /^\/etc\/(shadow|gshadow|sudoers|ssh\/|ssl\/private|apt\/auth\.conf|npmrc|pip\.conf|gitconfig|environment)/;

/** Refused even where a package owns it. */
export function isForbidden(path: string): boolean {
  return neverBelowEtc.test(path);
}
