import { Command, InvalidArgumentError, Option } from "commander";
import { z } from "zod";
import { madeTokenAnswer, tokensAnswer } from "./answers.js";
import { dateText, table } from "./output.js";
import { remote } from "./remote.js";

/** `token list|create|revoke` */
export function tokenCommand(): Command {
  const token = new Command("token").description("who may use the coordinator: admins everything, viewers only read");

  remote(token.command("list").description("all tokens that are not revoked"), async (call, output) => {
    const { tokens } = await call("GET", "/tokens", tokensAnswer);
    const rows = tokens.map(({ id, name, role, createdAt, expiresAt, lastUsedAt }) => [
      id,
      name,
      role,
      dateText(createdAt),
      dateText(expiresAt),
      dateText(lastUsedAt),
    ]);
    output.result({ tokens }, table(["id", "name", "role", "made", "expires", "last used"], rows));
  });

  const create = token
    .command("create <name>")
    .description("make a token; it is shown this once")
    .addOption(new Option("--role <role>", "what it may").choices(["admin", "viewer"]).default("viewer"))
    .option("--expires-days <n>", "after how many days it ends by itself", days);
  remote(create, async (call, output, name) => {
    const { role, expiresDays }: { role: string; expiresDays?: number } = create.opts();
    const body = { name, role, ...(expiresDays === undefined ? {} : { expiresInDays: expiresDays }) };
    const made = await call("POST", "/tokens", madeTokenAnswer, body);
    output.result(made, [made.token]);
    output.note(
      `The ${role}'s token ${made.id} for ${name}, shown this once${made.expiresAt === null ? "" : `; it ends ${dateText(made.expiresAt)} UTC`}.`,
    );
  });

  remote(
    token.command("revoke <id>").description("end a token at once, and every browser that signed in with it"),
    async (call, output, id) => {
      await call("DELETE", `/tokens/${encodeURIComponent(id)}`, z.undefined());
      output.result({ id, revoked: true }, [`Token ${id} is revoked.`]);
    },
  );

  return token;
}

function days(text: string): number {
  const value = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > 3650) throw new InvalidArgumentError("give a whole number from 1 to 3650.");
  return value;
}
