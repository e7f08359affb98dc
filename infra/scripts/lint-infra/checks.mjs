// What the linter found.

/** @typedef {{rule: string, file: string, ok: boolean, message: string}} Check */

/** Collects checks of one file. */
export class Checks {
  /** @type {Check[]} */
  all = [];

  /** @param {string} file as people name it: from the repository's root */
  constructor(file) {
    this.file = file;
  }

  /** @param {string} rule @param {boolean} ok @param {string} message what is wrong and what to do, where it is not */
  check(rule, ok, message) {
    this.all.push({ rule, file: this.file, ok, message });
  }

  /** One check over a list of faults: it holds where there are none. @param {string[]} faults */
  none(rule, faults, message) {
    this.check(rule, faults.length === 0, `${message}: ${faults.join(", ")}`);
  }
}
