import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LARGEST_PACKET } from '../frame-decoder.ts';
import { encodeFrame, type FrameLayout, PublishFrame } from './publish.ts';

const layout: FrameLayout = {
  version5: true,
  hasId: false,
  identifiers: null,
  topicAlias: 0,
  omitTopic: false,
  expiry: -1,
};

/** A body of so many bytes of payload, whose bytes are never looked at. */
const bodyOf = (payload: number) => ({
  bytes: new Uint8Array(1),
  topicStart: 0,
  topicEnd: 1,
  propertiesStart: 1,
  propertiesEnd: 1,
  payloadStart: 1,
  end: 1 + payload,
  aliasAt: -1,
  expiryAt: -1,
});

test('a message that its layout makes larger than the protocol allows has a frame no receiver takes', () => {
  const frame = new PublishFrame();
  const scratch = new Uint8Array(16);
  // Two bytes of topic length and one of topic leave 268,435,452 for the payload in 3.x; 5.0 needs one for properties.
  assert.equal(encodeFrame(bodyOf(268_435_452), layout, frame, scratch), scratch);
  assert.ok(frame.end - frame.start > LARGEST_PACKET);
});
