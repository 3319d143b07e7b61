import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exampleGraph } from './example-graph.ts';
import { densityOf, MOST_PARTICLES, Particles } from './particles.ts';
import { type Link, Scene } from './scene.ts';

function linksOf(...rates: readonly number[]): readonly Link[] {
  const scene = new Scene();
  const { nodes } = exampleGraph(rates.length, 1);
  const edges = rates.map((rate, i) => ({ from: 'client:device-0', to: nodes[i]!.id, rate }));
  scene.update({ nodes, edges, clients: 1, topics: rates.length });
  return scene.links;
}

test('slow edges have a particle for each message', () => {
  const particles = new Particles();
  particles.update(linksOf(1));
  let born = 0;
  let before = 0;
  for (let step = 0; step < 600; step++) {
    particles.step(1 / 60);
    if (particles.running.length > before) born += 1;
    before = particles.running.length;
  }
  assert.ok(born >= 9 && born <= 11, `${born} in ten seconds`);
});

test('faster edges have more, those without messages none', () => {
  const particles = new Particles();
  const links = linksOf(0, 1, 10, 1000);
  particles.update(links);
  for (let step = 0; step < 300; step++) particles.step(1 / 60);
  const counts = links.map((one) => particles.running.filter(({ link }) => link === one).length);
  assert.equal(counts[0], 0);
  assert.ok(counts[1]! < counts[2]! && counts[2]! < counts[3]!, counts.join());
  assert.ok(densityOf(1000) < 20);
});

test('they are bounded, however many edges there are and however fast', () => {
  const particles = new Particles();
  particles.update(linksOf(...Array.from({ length: 600 }, () => 5000)));
  for (let step = 0; step < 300; step++) {
    particles.step(1 / 60);
    assert.ok(particles.running.length <= MOST_PARTICLES);
  }
  assert.ok(particles.running.length > MOST_PARTICLES / 2);
});

test('a page that was hidden for an hour does not flood', () => {
  const particles = new Particles();
  particles.update(linksOf(100));
  particles.step(3600);
  assert.ok(particles.running.length <= 1);
});
