import { defaultMqttOptions } from '@cauldron/core';
import { z } from 'zod';
import { choice, flag, optionalText, seconds, sections } from '../setting.ts';
import { serverKeepAlive, topicAliasMaximum, UINT32 } from './shared.ts';

/** `[mqtt]` */
export const mqtt = z
  .strictObject({
    maximumQoS: choice('Highest QoS a client may publish with and is granted.', [0, 1, 2]).default(
      defaultMqttOptions.maximumQoS,
    ),
    retainAvailable: flag('Clients may publish retained messages.').default(defaultMqttOptions.retainAvailable),
    wildcardSubscriptions: flag('Clients may subscribe with + and #.').default(
      defaultMqttOptions.wildcardSubscriptions,
    ),
    sharedSubscriptions: flag('Clients may share a subscription ($share/group/filter).').default(
      defaultMqttOptions.sharedSubscriptions,
    ),
    subscriptionIdentifiers: flag('Clients may number their subscriptions (MQTT 5.0).').default(
      defaultMqttOptions.subscriptionIdentifiers,
    ),
    topicAliasMaximum: topicAliasMaximum.default(defaultMqttOptions.topicAliasMaximum),
    serverKeepAlive: serverKeepAlive.default(defaultMqttOptions.serverKeepAlive),
    sessionExpiryMaximum: seconds(
      'How long a session may outlive its connection. MQTT 5.0 clients that ask for more are told this; the persistent ' +
        'sessions of 3.1 and 3.1.1 clients, which cannot ask, live this long too. 4294967295 = for ever.',
      { min: 0, max: UINT32 },
    ).default(defaultMqttOptions.sessionExpiryMaximum),
    queueQos0: flag('Keep QoS 0 messages too for sessions whose client is away.').default(defaultMqttOptions.queueQos0),
    responseInformation: optionalText(
      'Sent to MQTT 5.0 clients that request response information; `%c` stands for the client identifier. Empty = none.',
      'text, for example "replies/%c"',
      'replies/%c',
    ).default(defaultMqttOptions.responseInformation),
  })
  .register(sections, { help: 'What of MQTT the broker offers.' })
  .prefault({});
