import { parsePromptList } from "@fedbaps/core/data/prompt-list.js";
import { describe, expect, it } from "@jest/globals";

const read = (text: string) => parsePromptList(text, "clicks.csv");
const point = (x: number, y: number, label: 0 | 1 = 1) => ({ x, y, label });

describe("parsePromptList", () => {
  it("reads points and boxes without a line of names", () => {
    expect(read("a.png,12,34\nb/c.png,5.5,6,0\nd.png,10,20,3,4\n")).toEqual([
      { image: "a.png", prompt: { points: [point(12, 34)] }, line: 1 },
      { image: "b/c.png", prompt: { points: [point(5.5, 6, 0)] }, line: 2 },
      // The corners in whatever order.
      { image: "d.png", prompt: { points: [], box: { left: 3, top: 4, right: 10, bottom: 20 } }, line: 3 },
    ]);
  });

  it("reads columns by their names: a byte order mark, semicolons, quotes, folders of Windows, empty cells", () => {
    const text = '\uFEFFLabel;Y;"Image";x;object\r\n;7;"sub\\sc;an.png";3;\r\n0;8;.\\sub\\sc;an.png;4;\r\n';
    expect(read(text.replace("sc;an.png;4", '"sub\\sc;an.png";4').replace(".\\sub\\", ""))).toEqual([
      { image: "sub/sc;an.png", prompt: { points: [point(3, 7), point(4, 8, 0)] }, line: 2 },
    ]);
  });

  it.each(["image;x;y\nleft, 1.png;3;7\n", "left, 1.png;3;7\n", "left, 1.png\t3\t7\n"])(
    "takes the one delimiter that the first line is made with: %j",
    (text) => {
      expect(read(text)).toMatchObject([{ image: "left, 1.png", prompt: { points: [point(3, 7)] } }]);
    },
  );

  it("puts the lines of one picture together, and keeps objects, frames and slices apart", () => {
    const text =
      "image,x,y,label,object,frame,x0,y0,x1,y1\na,1,2,1,,,,,,\na,3,4,0,,,0,0,9,9\na,5,6,1,left,,,,,\na,7,8,1,,2,,,,\n";
    expect(read(text)).toEqual([
      {
        image: "a",
        prompt: { points: [point(1, 2), point(3, 4, 0)], box: { left: 0, top: 0, right: 9, bottom: 9 } },
        line: 2,
      },
      { image: "a", object: "left", prompt: { points: [point(5, 6)] }, line: 4 },
      { image: "a", frame: 2, prompt: { points: [point(7, 8)] }, line: 5 },
    ]);
  });

  it("names every bad line at once, with what is wrong", () => {
    const text = "image,x,y\na.png,1,2\na.png,one,2\nb.png,3,\n,1,2\nc.png,1,2,3\n";
    expect(() => read(text)).toThrow(
      'clicks.csv: line 3: x is "one", where a number of pixels is expected, line 4: has no y, line 5: names no image, ' +
        "line 6: has more cells than columns; use image,x,y, or image,x,y,label, or image,x0,y0,x1,y1; correct the list",
    );
  });

  it.each([
    ["image,x,y\na,1,2\n".replace("x", "column"), /line 1: no column is called column/],
    ["image,x,y,x\n", /two columns are called x/],
    ["", /holds no prompt/],
    ["a,1,2,7\n", /label is "7"/],
    ["a,1,2,1,9\n", /box is a line/],
    ["a,0,0,5,5\na,1,1,6,6\n", /line 2: a second box/],
    ['"a,1,2\n', /not a list/],
    ["image,x,y,frame\na,1,2,0\n", /frame is "0"/],
  ])("refuses %j", (text, words) => {
    expect(() => read(text)).toThrow(words);
  });
});
