import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { CoordinatorError } from "./errors.js";

/** Begins to listen. @returns the port. @throws CoordinatorError PORT_IN_USE, CANNOT_LISTEN */
export async function listen(server: Server, host: string, port: number): Promise<number> {
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
export async function stopListening(server: Server): Promise<void> {
  server.closeAllConnections();
  if (server.listening) await new Promise((resolve) => server.close(resolve));
}
