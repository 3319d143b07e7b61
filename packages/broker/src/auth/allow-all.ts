import type { Authenticator } from '@cauldron/core';
import { ReasonCode } from '@cauldron/protocol';

/** Lets everybody in by name; it knows no method of enhanced authentication. */
export const allowAll: Authenticator = {
  authenticate(request) {
    if (request.method === undefined) return { outcome: 'accept', anonymous: true };
    // [MQTT-4.12.0-1]
    return {
      outcome: 'refuse',
      reasonCode: ReasonCode.badAuthenticationMethod,
      reasonString: `the authentication method '${request.method}' is not supported; connect without one`,
    };
  },
};
