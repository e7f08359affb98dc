import { createServer as createHttpServer, type RequestListener, type Server } from "node:http";
import { createServer as createHttpsServer, type Server as HttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { CoordinatorError } from "./errors.js";
import { readTls, type TlsFiles } from "./tls-files.js";

export type WebServer = Server | HttpsServer;

/** A server by plain HTTP, or by TLS with the files' certificate. @throws UsageError for files that are no pair */
export function createWebServer(tls: TlsFiles | undefined, handler: RequestListener): WebServer {
  return tls === undefined ? createHttpServer(handler) : createHttpsServer(readTls(tls), handler);
}

/** Takes a certificate that was renewed; open connections stay. @throws UsageError for files that are no pair */
export function renewCertificate(server: WebServer, tls: TlsFiles): void {
  if ("setSecureContext" in server) server.setSecureContext(readTls(tls));
}

/** Begins to listen. @returns the port. @throws CoordinatorError PORT_IN_USE, CANNOT_LISTEN */
export async function listen(server: WebServer, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const taken = error.code === "EADDRINUSE";
      const why = taken
        ? `port ${port} on ${host} is taken; choose another with --port`
        : `cannot listen on ${host}:${port} (${error.code})`;
      reject(new CoordinatorError(taken ? "PORT_IN_USE" : "CANNOT_LISTEN", why));
    });
    server.listen(port, host, resolve);
  });
  return (server.address() as AddressInfo).port;
}

/** Ends every connection, then resolves. */
export async function stopListening(server: WebServer): Promise<void> {
  server.closeAllConnections();
  if (server.listening) await new Promise((resolve) => server.close(resolve));
}
