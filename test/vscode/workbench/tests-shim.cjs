// Runs in the extension host in place of the test module. It calls the real one and leaves the outcome in a file,
// because the workbench reports a remote extension host that died as exit code 0.
const fs = require('node:fs');

const { HYPERSTEP_TESTS: tests, HYPERSTEP_OUTCOME: outcomeFile } = process.env;

function leave(outcome) {
  fs.writeFileSync(`${outcomeFile}.tmp`, JSON.stringify(outcome));
  fs.renameSync(`${outcomeFile}.tmp`, outcomeFile);
}

exports.run = async () => {
  try {
    await require(tests).run();
  } catch (error) {
    leave({ ok: false, error: String(error?.stack ?? error) });
    throw error;
  }
  leave({ ok: true });
};
