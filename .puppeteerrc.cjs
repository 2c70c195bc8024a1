// The browser is Debian's chromium-headless-shell, installed by the set-up.
module.exports = { skipDownload: true };
