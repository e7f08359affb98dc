import { type CompletedVerb, flagsWithValue, type Values } from "./tree.js";

/** A script for fish 3 and newer: a file of its completions folder. */
export function fishCompletion(program: string, tree: readonly CompletedVerb[]): string {
  const name = `__${program.replaceAll("-", "_")}_at`;
  const line = (rest: string) => `complete -c ${program} ${rest}`;
  return `# fish completion for ${program}. To use it: ${program} completion fish > ~/.config/fish/completions/${program}.fish
function ${name}
    set -l verb ""
    set -l skip ""
    for word in (commandline -opc)[2..-1]
        if test -n "$skip"
            set skip ""
            continue
        end
        switch $word
            case ${flagsWithValue(tree).join(" ")}
                set skip 1
                continue
        end
        switch "$verb/$word"
${tree.flatMap(steps).join("\n")}
        end
    end
    test "$verb" = "$argv[1]"
end
${line("-f")}
${tree
  .flatMap((verb) => lines(verb, `-n '${name} "${verb.path}"'`))
  .map(line)
  .join("\n")}
`;
}

function steps({ path, verbs }: CompletedVerb): string[] {
  return verbs.map(
    ({ name }) =>
      `            case "${path}/${name}"\n                set verb "${path === "" ? name : `${path} ${name}`}"`,
  );
}

function lines({ verbs, options, argument }: CompletedVerb, condition: string): string[] {
  const plain =
    verbs.length > 0
      ? verbs.map(({ name, description }) => `-a ${quoted(name)} -d ${quoted(description)}`)
      : argument === "anything"
        ? []
        : [offer(argument)];
  const flagged = options.map(({ flags, description, values }) => {
    const names = flags.map((flag) => (flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
    const value = values === undefined ? "" : values === "anything" ? " -x" : ` -r ${offer(values)}`;
    return `${names.join(" ")}${value} -d ${quoted(description)}`;
  });
  return [...plain, ...flagged].map((rest) => `${condition} ${rest}`);
}

function offer(given: Values): string {
  if (given === "files") return "-F";
  if (given === "folders") return "-f -a '(__fish_complete_directories)'";
  if (given === "anything") return "";
  // A file may follow a word that ends in a colon.
  return `${given.some((word) => word.endsWith(":")) ? "-F" : "-f"} -a ${quoted(given.join(" "))}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
