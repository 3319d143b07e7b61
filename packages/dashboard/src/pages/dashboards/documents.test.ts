import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dashboardDocument, type Widget } from '@cauldron/broker/admin-api';
import { widgetKinds } from '../../widgets/kinds.ts';
import { documentText, fileName, placeInWords, readDocument } from './documents.ts';
import * as drafts from './draft.ts';
import { pathsIn } from './json-paths.ts';
import { problemsOf } from './problems.ts';

const contents = (): drafts.Contents => {
  let widgets: drafts.Contents['widgets'] = [];
  for (const { type } of widgetKinds) {
    widgets = [...widgets, drafts.newWidget(type, widgets, drafts.newId(type, widgets))];
  }
  return { name: 'All of them', description: 'ten kinds', widgets };
};

test('what is exported is read back as it was, also an answer of the API with what the broker adds', () => {
  const dashboard = contents();
  const read = readDocument(documentText(dashboard));
  assert.ok('document' in read);
  assert.deepEqual(read.document, { cauldronDashboard: 1, ...dashboard });
  const answer = readDocument(JSON.stringify({ id: 'x', revision: 3, changedAt: 5, ...dashboard }));
  assert.deepEqual('document' in answer && answer.document, { ...dashboard });
});

test('a text that is no dashboard is refused with the reason', () => {
  const problem = (text: string): string => {
    const read = readDocument(text);
    return 'problem' in read ? read.problem : 'none';
  };
  assert.match(problem('  '), /nothing in it/);
  assert.match(problem('{"name": '), /It is no JSON: /);
  assert.match(problem('[1]'), /begins with \[1\] in place of \{/);
  assert.match(problem('{"a":1}'), /neither a name nor widgets/);
});

test('where something is wrong is said in words, for every kind of place the broker names', () => {
  const document = {
    name: 5,
    widgets: [
      { type: 'gauge', title: '' },
      { title: 'Kitchen', series: [{}] },
    ],
  };
  assert.equal(
    placeInWords('body.widgets.1.series.0.source.topic', document),
    'widget 2 “Kitchen”, series 1, source, topic',
  );
  assert.equal(placeInWords('body.widgets.0.thresholds.2.color', document), 'widget 1 (gauge), threshold 3, color');
  assert.equal(placeInWords('body.name', document), 'name');
  assert.equal(placeInWords('body.widgets.0.x', document), 'widget 1 (gauge), column (x)');
  assert.equal(placeInWords('body', document), 'the dashboard itself');
  // The places are those of the broker's own schema.
  const wrong = dashboardDocument.safeParse({ name: 'x', widgets: [{ type: 'log', id: 'a', x: 0, y: 0, w: 1, h: 1 }] });
  const path = wrong.error!.issues[0]!.path.join('.');
  assert.equal(placeInWords(`body.${path}`, { widgets: [{ type: 'log' }] }), 'widget 1 (log), filter');
});

test('a file is called like its dashboard, in letters that every system takes', () => {
  assert.equal(fileName('Küche & Bad'), 'kuche-bad.dashboard.json');
  assert.equal(fileName('温度'), 'dashboard.dashboard.json');
  assert.equal(fileName('../../etc'), 'etc.dashboard.json');
});

test('steps can be taken back and done again, and a step that changes nothing is none', () => {
  const start = drafts.begin(contents());
  assert.equal(drafts.isChanged(start), false);
  assert.equal(drafts.withWidgets(start, start.now.widgets), start);
  const removed = drafts.withWidgets(start, start.now.widgets.slice(1));
  assert.ok(drafts.isChanged(removed));
  const back = drafts.undone(removed);
  assert.deepEqual([back.now, drafts.isChanged(back)], [start.now, false]);
  assert.deepEqual(drafts.redone(back).now, removed.now);
  assert.equal(drafts.undone(start), start);
  assert.equal(drafts.redone(start), start);
  const other = drafts.changed(back, { ...back.now, name: 'x' });
  assert.equal(drafts.redone(other), other, 'another step ends the way forward');
});

test('what was removed comes back where it was, and what took its place makes room', () => {
  const { widgets } = drafts.begin(contents()).now;
  const [first, ...rest] = widgets;
  const intruder = { ...rest[0]!, ...first!, id: 'intruder' };
  const back = drafts.putBack([...rest.slice(1), intruder], first!);
  const place = back.find(({ id }) => id === first!.id)!;
  assert.deepEqual([place.x, place.y], [first!.x, first!.y]);
  assert.equal(drafts.putBack(widgets, first!).length, widgets.length, 'twice is once');
});

test('a copy has an identifier and a place of its own', () => {
  const { widgets } = contents();
  const copy = drafts.copyOf(widgets[0]!, widgets, drafts.newId('gauge', widgets));
  assert.equal(copy.id, 'gauge-2');
  const all = [...widgets, copy];
  assert.deepEqual(
    drafts.begin({ name: '', description: '', widgets: all }).now.widgets,
    all,
    'nobody had to make room',
  );
});

test('a widget that the broker or its devices could not use is said to be wrong, field by field', () => {
  const of = (type: string) => contents().widgets.find((one) => one.type === type)!;
  assert.deepEqual(Object.keys(problemsOf(of('gauge'))), ['source.topic']);
  assert.deepEqual(Object.keys(problemsOf(of('chart'))), ['series.0.source.topic']);
  assert.deepEqual(Object.keys(problemsOf(of('switch'))), ['command.topic']);
  assert.deepEqual(Object.keys(problemsOf(of('log'))), ['filter']);
  const gauge = { ...of('gauge'), source: { topic: 'a/+', path: '$[' }, min: 5, max: 5 } as Widget;
  assert.deepEqual(Object.keys(problemsOf(gauge)), ['source.topic', 'source.path', 'max']);
  const log = of('log');
  for (const [filter, isRight] of [
    ['a/#', true],
    ['a/#/b', false],
    ['$share/g/a', false],
  ] as const) {
    assert.equal(Object.keys(problemsOf({ ...log, filter } as Widget)).length === 0, isRight, filter);
  }
  const text = of('text');
  assert.deepEqual(problemsOf({ ...text, source: null } as Widget), {});
});

test('paths into a JSON payload are offered in its order, and none where there is no JSON', () => {
  assert.deepEqual(pathsIn('{"a":{"b":1},"c":[true,{"d e":null}]}'), ['$.a.b', '$.c[0]', '$.c[1]["d e"]']);
  assert.deepEqual(pathsIn('21.5'), []);
  assert.deepEqual(pathsIn('hello'), []);
  assert.equal(pathsIn(JSON.stringify(Array.from({ length: 500 }, () => 1))).length, 40);
});
