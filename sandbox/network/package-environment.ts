/** What package managers inside have to be told, since the host's own files stay outside. */
export interface PackageFacts {
  /** The host's certificates, which the image carries; undefined where there are none. */
  readonly certificates?: string;
  /** Headers of the image's Node, so that native modules need no download. */
  readonly nodeHeaders?: string;
  /** Chromium inside, for test suites: by it nothing is downloaded. */
  readonly browser?: string;
  readonly npmRegistry?: string;
  readonly pipIndex?: string;
}

/**
 * Environment for every program inside. Node and pip carry certificates of their own and would not
 * trust a registry that only the host's do. Passwords in addresses stay outside. Pure.
 */
export function packageEnvironment(facts: PackageFacts): Record<string, string> {
  const { certificates, nodeHeaders, browser } = facts;
  const npmRegistry = withoutPassword(facts.npmRegistry);
  const pipIndex = withoutPassword(facts.pipIndex);
  return {
    ...(certificates === undefined
      ? {}
      : {
          NODE_EXTRA_CA_CERTS: certificates,
          PIP_CERT: certificates,
          REQUESTS_CA_BUNDLE: certificates,
        }),
    ...(nodeHeaders === undefined ? {} : { npm_config_nodedir: nodeHeaders }),
    ...(browser === undefined
      ? {}
      : { PUPPETEER_EXECUTABLE_PATH: browser, CHROME_BIN: browser, CHROME_PATH: browser }),
    // For a Chromium that is installed inside: Debian's own start script reads it.
    CHROMIUM_FLAGS: "--no-sandbox",
    ...(npmRegistry === undefined ? {} : { npm_config_registry: npmRegistry }),
    ...(pipIndex === undefined ? {} : { PIP_INDEX_URL: pipIndex }),
  };
}

function withoutPassword(text: string | undefined): string | undefined {
  if (text === undefined || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (!/^https?:$/.test(url.protocol)) return undefined;
  url.username = "";
  url.password = "";
  return url.href;
}
