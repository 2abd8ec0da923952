// Loaded before Azurite. Ten minutes after its start, and then again and again, it looks for memory
// that no blob has any more, and answers nothing meanwhile: half a minute with as many blobs as the
// tests make. It has no setting for that; a day is longer than any test.
const { dirname, join } = require("node:path");

const main = process.argv[1];
require(join(dirname(main), "utils", "constants.js")).DEFAULT_GC_INTERVAL_MS = 24 * 60 * 60 * 1000;
