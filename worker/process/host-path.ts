/** Where the host's own programs are, whatever the caller's PATH says. */
export const hostPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
