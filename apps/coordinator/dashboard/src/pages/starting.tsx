import { useEffect, useState } from "preact/hooks";
import { Mark } from "../ui/mark.js";

/** Before it is known who is there; says so when that takes long. */
export function Starting() {
  const [long, setLong] = useState(false);
  useEffect(() => {
    const timer = window.setTimeout(() => setLong(true), 1500);
    return () => window.clearTimeout(timer);
  }, []);
  return (
    <main class="sign-in">
      <div class="empty" role="status">
        <Mark size={44} />
        <h1 class="visually-hidden">FedBAPS</h1>
        {long && <p>The coordinator does not answer. It is asked again every few seconds.</p>}
      </div>
    </main>
  );
}
