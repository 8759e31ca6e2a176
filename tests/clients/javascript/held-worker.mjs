// A worker in a process of its own that stops in the middle of its work and says so.
//
//     node held-worker.mjs ENDPOINT TASKHUB activity|turn|batch
//
// It prints a line when it holds something, and holds it until it is killed. The run id, which is
// in all names, comes from the environment.

import { heldParts } from "./cases/crashes.mjs";
import { Hub } from "./hub.mjs";

const [endpoint, taskhub, kind] = process.argv.slice(2);

function holdAt(place) {
  if (place !== kind) {
    return undefined;
  }
  process.stdout.write("holding\n");
  return new Promise(() => {});
}

// It does not outlive the suite.
process.stdin.on("end", () => process.exit()).resume();

await new Hub(endpoint, taskhub).startWorker(heldParts(holdAt));
