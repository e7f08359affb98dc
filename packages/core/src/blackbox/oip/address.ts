import { BlackBoxError } from "../model.js";

/** How a model on a server is named. */
export const OIP_ADDRESS_FORM = "http(s)://HOST[:PORT][/PREFIX]/v2/models/NAME[/versions/VERSION]";

/** Where a model is served by the Open Inference Protocol v2 over HTTP. */
export interface OipAddress {
  /** Scheme, host and port. */
  readonly origin: string;
  /** Host and port as the URL names them. */
  readonly host: string;
  /** By https. */
  readonly secure: boolean;
  /** The host is this machine: what is sent does not leave it. */
  readonly loopback: boolean;
  /** Path of the server: `[/PREFIX]/v2`. */
  readonly serverPath: string;
  /** Path of the model, URI-encoded: `[/PREFIX]/v2/models/NAME[/versions/VERSION]`. */
  readonly modelPath: string;
  /** The version that the URL asks for. */
  readonly version: string | undefined;
}

/**
 * Reads the address of a model.
 * @throws BlackBoxError BLACKBOX_UNKNOWN for anything that is not of the form, also a URL with a user, a query or a fragment.
 */
export function parseAddress(text: string): OipAddress {
  const url = parseUrl(text);
  // Anything before an @ may be a password: such a text is not repeated.
  if (!url || /[?#]/.test(text) || url.username !== "" || url.password !== "") throw unknownForm(text);
  const [, prefix, name, version] = /^(.*)\/v2\/models\/([^/]+)(?:\/versions\/([^/]+))?$/.exec(url.pathname) ?? [];
  if (name === undefined) throw unknownForm(text);
  try {
    const segments = [
      `models/${canonical(name)}`,
      ...(version === undefined ? [] : [`versions/${canonical(version)}`]),
    ];
    return {
      origin: url.origin,
      host: url.host,
      secure: url.protocol === "https:",
      loopback: isLoopback(url.hostname),
      serverPath: `${prefix}/v2`,
      modelPath: `${prefix}/v2/${segments.join("/")}`,
      version: version === undefined ? undefined : decodeURIComponent(version),
    };
  } catch {
    throw unknownForm(text);
  }
}

/**
 * Judges whether images may go there: this machine always; another host by https where an entry names it as `host` (any
 * port), `host:port` or `https://host[:port]`; by plain http only where an entry reads `http://host[:port]`.
 * @param allowedHosts `blackboxHosts` of the site's policy. An entry of another form allows nothing.
 * @throws BlackBoxError BLACKBOX_REFUSED
 */
export function checkHost(address: OipAddress, allowedHosts: readonly string[]): void {
  if (address.loopback || allowedHosts.some((entry) => allows(entry, address))) return;
  const { host, origin, secure } = address;
  const entry = secure ? host : origin;
  const plain = secure ? "" : " Sent by plain http they can be read on the way: better serve the model by https.";
  throw new BlackBoxError(
    "BLACKBOX_REFUSED",
    `images would leave for ${origin}, which this site's policy does not allow: policy.yaml must name ${entry} under blackboxHosts.${plain}`,
    { origin },
  );
}

/** `checkHost` for the origin of a model that is open already. @throws BlackBoxError BLACKBOX_REFUSED */
export function checkOrigin(origin: string, allowedHosts: readonly string[]): void {
  checkHost(parseAddress(`${origin}/v2/models/any`), allowedHosts);
}

function parseUrl(text: string): URL | undefined {
  return /^https?:\/\//i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
}

/** One way of writing a path's segment, however the user had encoded it. @throws URIError */
function canonical(segment: string): string {
  return encodeURIComponent(decodeURIComponent(segment));
}

function unknownForm(text: string): BlackBoxError {
  const shown = text.includes("@") ? "the address" : `"${text}"`;
  return new BlackBoxError("BLACKBOX_UNKNOWN", `${shown} does not name a model on a server: use ${OIP_ADDRESS_FORM}`);
}

/** The URL parser has written IPv4 addresses with four decimal numbers and IPv6 addresses in their shortest form. */
function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

function allows(entry: string, address: OipAddress): boolean {
  const withScheme = /^https?:\/\//i.test(entry);
  const url = parseUrl(withScheme ? entry : `https://${entry}`);
  if (url?.pathname !== "/" || /[?#@\\\s]/.test(entry)) return false;
  if (withScheme) return url.origin === address.origin;
  if (!address.secure) return false;
  const target = new URL(address.origin);
  return url.hostname === target.hostname && (!/:\d+$/.test(entry.replace(/\/$/, "")) || url.port === target.port);
}
