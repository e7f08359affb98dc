import { Component, type ComponentChildren } from "preact";
import { Notice } from "./notice.js";

interface BoundaryState {
  failed: boolean;
}

/** Keeps a page that cannot be drawn from taking the others with it. */
export class Boundary extends Component<{ children: ComponentChildren }, BoundaryState> {
  override state: BoundaryState = { failed: false };

  static override getDerivedStateFromError(): BoundaryState {
    return { failed: true };
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <div class="page page-narrow">
        <Notice tone="bad">
          <p>This page could not be drawn. Reload it; if that does not help, the command line shows the same.</p>
          <div>
            <button type="button" class="btn" onClick={() => location.reload()}>
              Reload
            </button>
          </div>
        </Notice>
      </div>
    );
  }
}
