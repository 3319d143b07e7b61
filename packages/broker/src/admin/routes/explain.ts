import type { Routes } from '../http/typed.ts';
import { ApiProblem } from '../problem.ts';
import { explainRequest, explanation, receiversPage, receiversQuery } from '../schema/index.ts';

const tags = ['explain'];

/** Why something is refused, and where a message goes: `/explain`, `/receivers`. */
export const explainRoutes: Routes = (app, { services: { clients } }) => {
  app.post(
    '/explain',
    {
      config: { role: 'viewer' }, // it changes nothing
      schema: {
        tags,
        summary: 'Whether a client may publish, subscribe or receive, and which rule says so',
        description: 'The same as `cauldron explain`, with the rules in force and the rights of who is connected.',
        body: explainRequest,
        response: { 200: explanation },
      },
    },
    ({ body }) => {
      const explained = clients.explain(body);
      if (explained !== undefined) return explained;
      const message =
        'The program that runs this broker decides itself who may do what, so there are no rules to explain.';
      throw new ApiProblem(501, 'NO_RULES', message);
    },
  );

  app.get(
    '/receivers',
    {
      schema: {
        tags,
        summary: 'Who would get a message of a topic, at which QoS, and what would become of it',
        description: 'By client identifier. Of a share group one member gets it; all of them are listed.',
        querystring: receiversQuery,
        response: { 200: receiversPage },
      },
    },
    ({ query }) => clients.receivers(query),
  );
};
