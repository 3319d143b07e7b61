/** aedes behind a plain TCP listener, as its readme shows: `node aedes.ts PORT`. Not a dependency; install it to compare. */
import { createServer } from 'node:net';

/** What is used of aedes, which brings no types when it is not installed. */
interface AedesModule {
  readonly Aedes: { createBroker?: () => Promise<AedesBroker>; new (): AedesBroker };
}
interface AedesBroker {
  readonly handle: (socket: import('node:net').Socket) => void;
}

const port = Number(process.argv[2]);
const name = 'aedes';
const { Aedes } = (await import(name)) as AedesModule;
// Version 1 must be created asynchronously, version 0 by its constructor.
const broker = Aedes.createBroker ? await Aedes.createBroker() : new Aedes();
createServer({ noDelay: true }, broker.handle).listen(port, '127.0.0.1', 4096);
