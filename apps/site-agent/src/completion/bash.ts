import { type CompletedVerb, flagsWithValue, type Values } from "./tree.js";

/** A script for bash 3.2 and newer, without the package bash-completion. */
export function bashCompletion(program: string, tree: readonly CompletedVerb[]): string {
  const name = `_${program.replaceAll("-", "_")}`;
  return `# bash completion for ${program}. To use it: source <(${program} completion bash)
${name}() {
  local verb="" skip="" word i IFS=$'\\n'
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}"
  COMPREPLY=()
  # bash cuts words at = and : as well.
  if [[ $cur == "=" ]]; then cur=""; prev="\${COMP_WORDS[COMP_CWORD-1]}"; fi
  if [[ $prev == "=" ]]; then prev="\${COMP_WORDS[COMP_CWORD-2]}"; fi
  if [[ $prev == ":" || $cur == ":" ]]; then
    COMPREPLY=($(compgen -f -- "\${cur#:}"))
    compopt -o filenames 2>/dev/null
    return
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    if [[ -n $skip ]]; then skip=""; continue; fi
    case "$word" in
      ${flagsWithValue(tree).join("|")}) skip=1; continue ;;
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
complete -F ${name} ${program}
`;
}

function steps({ path, verbs }: CompletedVerb): string[] {
  return verbs.map(({ name }) => `      "${path}/${name}") verb="${path === "" ? name : `${path} ${name}`}" ;;`);
}

function values({ path, options }: CompletedVerb): string[] {
  return options.flatMap(({ flags, values: given }) =>
    given === undefined
      ? []
      : [`    ${flags.map((flag) => `"${path}/${flag}"`).join("|")}) ${offer(given)}; return ;;`],
  );
}

function places({ path, verbs, options, argument }: CompletedVerb): string {
  const flags = options.flatMap((option) => option.flags);
  const plain = verbs.length > 0 ? verbs.map(({ name }) => name) : argument;
  return `    "${path}") if [[ $cur == -* ]]; then ${offer(flags)}; else ${offer(plain)}; fi ;;`;
}

function offer(given: Values): string {
  switch (given) {
    case "anything":
      return ":";
    case "files":
      return 'COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames 2>/dev/null';
    case "folders":
      return 'COMPREPLY=($(compgen -d -- "$cur")); compopt -o filenames 2>/dev/null';
    default: {
      // Where a word ends in a colon, more follows.
      const open = given.some((word) => word.endsWith(":")) ? "; compopt -o nospace 2>/dev/null" : "";
      return `COMPREPLY=($(compgen -W $'${given.join("\\n")}' -- "$cur"))${open}`;
    }
  }
}
