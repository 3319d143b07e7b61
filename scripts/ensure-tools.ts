// Installs what the tests need beyond npm, where it is missing and this user may (root, or sudo without a password).
// Otherwise prints the command to run and exits 1. Says nothing when all is there.
import { spawnSync } from 'node:child_process';
import { REQUIRED_TOOLS } from '../test/support/tools.ts';

const missing = REQUIRED_TOOLS.filter((tool) => !tool.isPresent()).map((tool) => tool.debianPackage);
if (missing.length > 0) process.exitCode = installAll(missing);

function installAll(packages: readonly string[]): number {
  const command = `apt-get update && apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  const prefix = privilege();
  if (prefix === null) {
    console.error(`The tests need ${packages.join(', ')}. Run this, then try again:\n  sudo sh -c '${command}'`);
    return 1;
  }
  console.log(`Installing what the tests need: ${packages.join(', ')}`);
  const install = ['apt-get', 'install', '-y', '-q', '--no-install-recommends', ...packages];
  // The package lists of a machine are often recent enough; fetch them only when the first attempt fails.
  if (
    execute([...prefix, ...install]) ||
    (execute([...prefix, 'apt-get', 'update', '-q']) && execute([...prefix, ...install]))
  ) {
    const still = REQUIRED_TOOLS.filter((tool) => !tool.isPresent()).map((tool) => tool.debianPackage);
    if (still.length === 0) return 0;
    console.error(`${still.join(', ')} was installed, but what the tests need from it was not found.`);
    return 1;
  }
  console.error(
    `Could not install ${packages.join(', ')} (see above). Install it by hand, then try again:\n  ${command}`,
  );
  return 1;
}

/** The words to put before apt-get, or null where this user may not install. */
function privilege(): readonly string[] | null {
  if (spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status !== 0) return null;
  if (process.getuid?.() === 0) return ['env', 'DEBIAN_FRONTEND=noninteractive'];
  const sudo = spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' });
  return sudo.status === 0 ? ['sudo', '-n', 'env', 'DEBIAN_FRONTEND=noninteractive'] : null;
}

function execute(words: readonly string[]): boolean {
  const [command, ...args] = words;
  return spawnSync(command!, args, { stdio: ['ignore', 'inherit', 'inherit'] }).status === 0;
}
