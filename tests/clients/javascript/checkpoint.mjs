// The moment between the halves: the first half is done and the second is in full flight.
//
// A harness kills the server when it reads the line. Work that must be caught by that waits for
// `checkpoint.passed`: an activity, a turn or an entity batch that does so is held by the worker
// for sure when the line is printed.

class Checkpoint {
  #missing = Infinity;
  #pass;

  constructor() {
    this.isPassed = false;
    this.passed = new Promise((resolve) => {
      this.#pass = resolve;
    });
  }

  /** Says how many cases will arrive; with none the moment is now. */
  expect(count) {
    this.#missing = count;
    this.#passWhenComplete();
  }

  /** One case is in flight, or over. */
  arrive() {
    this.#missing -= 1;
    this.#passWhenComplete();
  }

  #passWhenComplete() {
    if (this.#missing > 0 || this.isPassed) {
      return;
    }
    this.isPassed = true;
    process.stdout.write('{"checkpoint": "half"}\n');
    this.#pass();
  }
}

export const checkpoint = new Checkpoint();
