/** The words of a key, numbered, to be read out over the telephone. */
export function Words({ words, large = false, label }: { words: string; large?: boolean; label: string }) {
  return (
    <ol class={`words${large ? " words-large" : ""}`} aria-label={label}>
      {words.split(/\s+/).map((word, i) => (
        <li key={`${i}-${word}`}>
          <span aria-hidden="true">{i + 1}</span>
          {word}
        </li>
      ))}
    </ol>
  );
}
