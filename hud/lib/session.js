// The token of a server with auth. It lives in sessionStorage: a tab's own, and gone with it. Who needs one awaits ask(): the shell shows a
// dialog, and all who wait are answered together.
const KEY = 'egdb-token';

class Session extends EventTarget {
  #waiting = null;

  get token() {
    return sessionStorage.getItem(KEY) ?? '';
  }

  get isAsking() {
    return this.#waiting !== null;
  }

  // Why the server did not take the last one; for the dialog.
  reason = '';

  // Answers true when there is a token to try again with, false when the reader declined.
  ask(reason) {
    this.reason = reason;
    if (!this.#waiting) {
      const waiting = { give: null };
      waiting.promise = new Promise((give) => (waiting.give = give));
      this.#waiting = waiting;
      this.dispatchEvent(new Event('ask'));
    }
    return this.#waiting.promise;
  }

  set(token) {
    if (token) sessionStorage.setItem(KEY, token);
    else sessionStorage.removeItem(KEY);
    this.#answer(Boolean(token));
    this.dispatchEvent(new Event('token'));
  }

  decline() {
    this.#answer(false);
  }

  #answer(has) {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.give(has);
  }
}

export const session = new Session();
