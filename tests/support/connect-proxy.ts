import { createServer, type Server } from "node:http";
import { connect, type Socket } from "node:net";

/**
 * A web proxy on loopback that only makes tunnels (CONNECT, RFC 9110, section 9.3.6), as a hospital's does. It knows names
 * that nobody else knows: what goes to them must have come through it.
 */
export class ConnectProxy {
  /** HOST:PORT of every tunnel that was made, and of every one that was refused. */
  readonly tunnels: string[] = [];
  readonly refused: string[] = [];
  readonly #open = new Set<Socket>();
  /** Refuses every tunnel with this status. */
  refusing: number | undefined;

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  /** @param names to ports of this machine @param password wanted from user `ward`; without it from nobody */
  static async start(names: Readonly<Record<string, number>>, password?: string): Promise<ConnectProxy> {
    const server = createServer((_request, response) => response.writeHead(405).end());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    const proxy = new ConnectProxy(server, address.port);
    const wanted = password === undefined ? undefined : `Basic ${Buffer.from(`ward:${password}`).toString("base64")}`;
    server.on("connect", ({ url = "", headers }, client: Socket) => {
      client.on("error", () => client.destroy());
      const given = headers["proxy-authorization"];
      const port = names[url.split(":")[0]];
      const status =
        proxy.refusing ?? (wanted !== undefined && given !== wanted ? 407 : port === undefined ? 502 : 200);
      (status === 200 ? proxy.tunnels : proxy.refused).push(url);
      if (status !== 200 || port === undefined) {
        client.end(`HTTP/1.1 ${status} No\r\nProxy-Authenticate: Basic realm="hospital"\r\nContent-Length: 0\r\n\r\n`);
        return;
      }
      proxy.#tunnel(client, port);
    });
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Ends the tunnels that are up. */
  cut(): void {
    for (const socket of this.#open) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  #tunnel(client: Socket, port: number): void {
    const target = connect(port, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      target.pipe(client).pipe(target);
    });
    this.#open.add(client);
    const end = () => {
      this.#open.delete(client);
      client.destroy();
      target.destroy();
    };
    for (const socket of [client, target]) socket.on("error", end).on("close", end);
  }
}
