import { type CompletedVerb, flagsWithValue, type Values } from "./tree.js";

/** A script for zsh: a file `_fedbaps-site` in a folder of its `fpath`, or sourced after `compinit`. */
export function zshCompletion(program: string, tree: readonly CompletedVerb[]): string {
  const name = `_${program.replaceAll("-", "_")}`;
  return `#compdef ${program}
# zsh completion for ${program}. To use it: ${program} completion zsh > "\${fpath[1]}/_${program}"
${name}() {
  local verb="" skip="" word i cur="\${words[CURRENT]}" prev="\${words[CURRENT-1]}"
  local -a offered
  for ((i = 2; i < CURRENT; i++)); do
    word="\${words[i]}"
    if [[ -n $skip ]]; then skip=""; continue; fi
    case "$word" in
      (${flagsWithValue(tree).join("|")}) skip=1; continue ;;
    esac
    case "$verb/$word" in
${tree.flatMap(steps).join("\n")}
    esac
  done
  case "$verb/$prev" in
${tree.flatMap(values).join("\n")}
  esac
  case "$verb" in
${tree.map(places).join("\n")}
  esac
}
if [[ "$funcstack[1]" == _${program} ]]; then ${name} "$@"; else compdef ${name} ${program}; fi
`;
}

function steps({ path, verbs }: CompletedVerb): string[] {
  return verbs.map(({ name }) => `      ("${path}/${name}") verb="${path === "" ? name : `${path} ${name}`}" ;;`);
}

function values({ path, options }: CompletedVerb): string[] {
  return options.flatMap(({ flags, values: given }) =>
    given === undefined
      ? []
      : [`    (${flags.map((flag) => `"${path}/${flag}"`).join("|")}) ${offer(given)}; return ;;`],
  );
}

function places({ path, verbs, options, argument }: CompletedVerb): string {
  const flags = options.flatMap(({ flags: names, description }) => names.map((flag) => described(flag, description)));
  const plain =
    verbs.length > 0
      ? describe(
          "verb",
          verbs.map(({ name, description }) => described(name, description)),
        )
      : offer(argument);
  return `    ("${path}") if [[ $cur == -* ]]; then ${describe("option", flags)}; else ${plain}; fi ;;`;
}

function offer(given: Values): string {
  switch (given) {
    case "anything":
      return ":";
    case "files":
      return "_files";
    case "folders":
      return "_files -/";
    default: {
      const open = given.filter((word) => word.endsWith(":"));
      if (open.length === 0) return `compadd -- ${given.map(quoted).join(" ")}`;
      const prefix = 'if compset -P "*:"; then _files; else';
      return `${prefix} compadd -S '' -- ${given.map(quoted).join(" ")}; fi`;
    }
  }
}

function describe(tag: string, entries: readonly string[]): string {
  return `offered=(${entries.join(" ")}); _describe ${tag} offered`;
}

function described(word: string, description: string): string {
  return quoted(`${word.replaceAll(":", "\\:")}:${description}`);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
