import { connect } from "node:net";
import { createServer, type Server } from "node:tls";

/** TLS on loopback before a plain port, as a web server is put before the coordinator. */
export class TlsFront {
  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async start(pair: { key: string; cert: string }, targetPort: number): Promise<TlsFront> {
    const server = createServer(pair, (client) => {
      const target = connect(targetPort, "127.0.0.1");
      client.pipe(target).pipe(client);
      const end = () => {
        client.destroy();
        target.destroy();
      };
      for (const socket of [client, target]) socket.on("error", end).on("close", end);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return new TlsFront(server, address.port);
  }

  /** New links are shown this certificate. */
  renew(pair: { key: string; cert: string }): void {
    this.server.setSecureContext(pair);
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}
