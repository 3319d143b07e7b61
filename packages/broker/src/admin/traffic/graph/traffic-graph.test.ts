import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestBroker, type TestClient } from '@cauldron/testkit';
import fc from 'fast-check';
import { Scene } from '../testing/scene.ts';
import { groupClients, stemOf } from './client-groups.ts';

const SEED = 7004;

type Graph = ReturnType<Scene<TestBroker>['graph']>;
const idsOf = ({ nodes }: Graph): string[] => nodes.map(({ id }) => id);
const edgesOf = ({ edges }: Graph): string[] => edges.map(({ from, to }) => `${from} > ${to}`).sort();

/** So many sensors that publish below `sensors`, and one client that listens to all. */
function sensors(count: number): { scene: Scene<TestBroker>; clients: TestClient[]; publish: () => void } {
  const scene = new Scene(new TestBroker());
  scene.watch();
  const clients = Array.from({ length: count }, (_, i) => scene.broker.connect(`sensor-${String(i).padStart(4, '0')}`));
  const publish = (): void => {
    for (const [i, client] of clients.entries()) client.publish(`sensors/${i}/temp`, '1');
    scene.pass(100);
  };
  scene.broker.connect('dashboard').subscribe('sensors/#');
  publish();
  return { scene, clients, publish };
}

test('a few clients and topics are shown one by one, with what runs between them', () => {
  const { scene } = sensors(2);
  const graph = scene.graph();
  assert.deepEqual(edgesOf(graph), [
    'client:sensor-0000 > topic:sensors/0/temp',
    'client:sensor-0001 > topic:sensors/1/temp',
    'topic:sensors/0/temp > client:dashboard',
    'topic:sensors/1/temp > client:dashboard',
  ]);
  assert.deepEqual([graph.clients, graph.topics], [3, 2]);
  assert.ok(graph.edges.every(({ rate }) => rate > 0));
  assert.deepEqual(
    graph.nodes.find(({ id }) => id === 'client:dashboard'),
    {
      id: 'client:dashboard',
      kind: 'client',
      label: 'dashboard',
      size: 1,
      rate: 2 * graph.edges[0]!.rate,
      online: true,
    },
  );
});

for (const count of [200, 5000]) {
  test(`${count} clients that are called alike are one group, and so are their topics`, () => {
    const { scene } = sensors(count);
    const graph = scene.graph({ limit: 100 });
    assert.deepEqual(edgesOf(graph), ['clients:sensor- > topics:sensors/', 'topics:sensors/ > client:dashboard']);
    const group = graph.nodes.find(({ id }) => id === 'clients:sensor-')!;
    assert.deepEqual([group.kind, group.label, group.size], ['clients', 'sensor-*', count]);
  });
}

test('a group that is opened shows what is in it, in smaller groups where there is no room', () => {
  const { scene } = sensors(200);
  const graph = scene.graph({ limit: 60, open: ['clients:sensor-', 'topics:sensors/'] });
  assert.ok(graph.nodes.length <= 60);
  for (const id of ['topics:sensors/1', 'clients:sensor-00', 'clients:sensor-01', 'client:dashboard']) {
    assert.ok(idsOf(graph).includes(id), id);
  }
  const deeper = scene.graph({ limit: 60, open: ['clients:sensor-', 'clients:sensor-01', 'topics:sensors/'] });
  for (const id of ['clients:sensor-00', 'clients:sensor-010', 'clients:sensor-019']) {
    assert.ok(idsOf(deeper).includes(id), id);
  }
  const open = ['clients:sensor-', 'clients:sensor-01', 'clients:sensor-010', 'topics:sensors/'];
  assert.ok(idsOf(scene.graph({ limit: 60, open })).includes('client:sensor-0107'));
});

test('the nodes stay the same from one look to the next while only messages come', () => {
  const { scene, publish } = sensors(300);
  const first = idsOf(scene.graph({ limit: 80 }));
  for (let i = 0; i < 10; i++) {
    publish();
    scene.pass(500);
    assert.deepEqual(idsOf(scene.graph({ limit: 80 })), first);
  }
});

test('a client that comes and goes at the edge of the room does not open and close its group', () => {
  const { scene } = sensors(99);
  const looks = new Set<boolean>();
  for (let i = 0; i < 6; i++) {
    const extra = i % 2 === 0 ? scene.broker.connect('sensor-9999') : null;
    scene.pass(500);
    looks.add(idsOf(scene.graph({ limit: 200 })).includes('clients:sensor-'));
    extra?.disconnect();
  }
  assert.equal(looks.size, 1);
});

test('only topics that match the filter are shown, and clients that have to do with them', () => {
  const { scene, clients } = sensors(3);
  clients[0]!.publish('other', 'x');
  scene.pass(100);
  assert.deepEqual(idsOf(scene.graph({ filter: 'sensors/1/#' })).sort(), [
    'client:dashboard',
    'client:sensor-0001',
    'topic:sensors/1/temp',
  ]);
  assert.deepEqual(idsOf(scene.graph({ filter: '+/2/temp' })).sort(), [
    'client:dashboard',
    'client:sensor-0002',
    'topic:sensors/2/temp',
  ]);
  assert.deepEqual(idsOf(scene.graph({ filter: 'nothing/+' })), []);
});

test('a member of a share group is at the end of its topic', () => {
  const { scene } = sensors(1);
  scene.broker.connect('worker').subscribe('$share/g/sensors/+/temp');
  scene.pass(500);
  assert.ok(edgesOf(scene.graph()).includes('topic:sensors/0/temp > client:worker'));
});

test('who published last and is gone is still there, offline', () => {
  const { scene, clients } = sensors(2);
  clients[1]!.cut();
  scene.pass(500);
  const node = scene.graph().nodes.find(({ id }) => id === 'client:sensor-0001')!;
  assert.equal(node.online, false);
});

test('the broker’s own topics are shown where they are asked for', () => {
  const { scene } = sensors(1);
  scene.retain('$SYS/broker/uptime', '5');
  scene.pass(500);
  assert.ok(!idsOf(scene.graph()).some((id) => id.includes('$SYS')));
  assert.ok(idsOf(scene.graph({ filter: '$SYS/#' })).includes('topic:$SYS/broker/uptime'));
});

test('without anybody watching there is nothing to show', () => {
  assert.deepEqual(new Scene(new TestBroker()).graph(), { nodes: [], edges: [], clients: 0, topics: 0 });
});

test('identifiers are alike by what is in front of their number or random part', () => {
  const stems = {
    'sensor-0001': 'sensor-',
    dev12: 'dev',
    mqttjs_8f3a2b1c: 'mqttjs_',
    backend: 'backend',
    'a-b': 'a-b',
    '42': '',
  };
  for (const [clientId, stem] of Object.entries(stems)) assert.equal(stemOf(clientId), stem, clientId);
});

test(`whatever the clients are called, each is in one unit, and units are never more than may be (seed ${SEED})`, () => {
  const name = fc.oneof(
    fc.nat(3000).map((i) => `sensor-${i}`),
    fc.uuid(),
    fc.string({ maxLength: 4 }),
    fc.constantFrom('😀1', '😁2', '😀', 'a', 'aa', 'ab'),
  );
  const names = fc.uniqueArray(name, { maxLength: 120 });
  fc.assert(
    fc.property(names, fc.integer({ min: 1, max: 60 }), fc.boolean(), (clients, limit, opened) => {
      const open = new Set(opened ? ['clients:sensor-', 'clients:'] : []);
      const units = groupClients(clients, limit, open, new Set());
      assert.deepEqual(new Set(units.keys()), new Set(clients));
      const different = new Map([...units.values()].map((unit) => [unit.id, unit]));
      assert.ok(different.size <= limit, `${different.size} units`);
      assert.equal(
        [...different.values()].reduce((sum, { size }) => sum + size, 0),
        clients.length,
      );
      if (clients.length <= limit) assert.ok([...different.values()].every(({ kind }) => kind === 'client'));
    }),
    { seed: SEED, numRuns: 200 },
  );
});
