import { type PageKey, pageOf } from "@fedbaps/coordinator/http/paging.js";
import { describe, expect, it } from "@jest/globals";

const keyOf = ({ at, name }: { at: number; name: string }): PageKey => [at, name];
const items = ["a-b", "ab", "a-c", "b", "a"].flatMap((name) => [9, 10].map((at) => ({ at, name })));

describe("pages of a list", () => {
  it("hold everything once, in one order, however the list came", () => {
    for (const list of [items, [...items].reverse()]) {
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = pageOf(list, keyOf, { limit: 3, cursor });
        seen.push(...page.items.map(({ at, name }) => `${at} ${name}`));
        cursor = page.next ?? undefined;
      } while (cursor !== undefined);
      expect(seen).toEqual([9, 10].flatMap((at) => ["a", "a-b", "a-c", "ab", "b"].map((name) => `${at} ${name}`)));
    }
  });

  it("go on after what was seen, whatever came or went meanwhile", () => {
    const first = pageOf(items, keyOf, { limit: 4 });
    const without = items.filter(({ name }) => name !== "ab");
    const later = [...without, { at: 1, name: "early" }, { at: 11, name: "late" }];
    const second = pageOf(later, keyOf, { limit: 50, cursor: first.next ?? "" });
    expect(second.items.map(({ name }) => name)).toEqual(["b", "a", "a-b", "a-c", "b", "late"]);
    expect(second.next).toBeNull();
    expect(pageOf([], keyOf, {})).toEqual({ items: [], next: null });
  });

  it("refuse a cursor of another making", () => {
    for (const cursor of ["x", "e30", Buffer.from("[[1]]").toString("base64url")])
      expect(() => pageOf(items, keyOf, { cursor })).toThrow(expect.objectContaining({ code: "BAD_REQUEST" }));
  });
});
