import { randomBytes } from 'node:crypto';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { ApiProblem } from '../problem.ts';
import type { ApiError } from '../schema/index.ts';

/** Told of what should not have happened; the reference stands in the answer, too. */
export type ReportFailure = (error: unknown, reference: string, request: { method: string; url: string }) => void;

/** What fastify itself refuses, in the words of this API. */
const REFUSED: ReadonlyMap<string, readonly [number, string, string]> = new Map([
  [
    'FST_ERR_CTP_BODY_TOO_LARGE',
    [413, 'BODY_TOO_LARGE', 'The body is larger than this resource takes. Send less at once.'],
  ],
  [
    'FST_ERR_CTP_INVALID_MEDIA_TYPE',
    [
      415,
      'MEDIA_TYPE',
      'The body is of a kind this resource does not take. Send JSON, with Content-Type: application/json.',
    ],
  ],
  [
    'FST_ERR_CTP_INVALID_JSON_BODY',
    [400, 'INVALID_JSON', 'The body is no JSON that can be read. Send it in UTF-8, and each key once.'],
  ],
  [
    'FST_ERR_CTP_EMPTY_JSON_BODY',
    [400, 'INVALID_JSON', 'The body is said to be JSON, and empty. Send what the resource asks for.'],
  ],
  [
    'FST_ERR_CTP_INVALID_CONTENT_LENGTH',
    [400, 'INVALID_BODY', 'The body is not as long as Content-Length says. Send it again.'],
  ],
  [
    'FST_ERR_BAD_URL',
    [400, 'INVALID_PATH', 'The path is no valid one: % stands before something that is no UTF-8. Encode it again.'],
  ],
]);

/** An answer that says what went wrong, without a word of how the broker is made. */
export function errorAnswer(error: unknown, report: (error: unknown, reference: string) => void): [number, ApiError] {
  if (error instanceof ApiProblem) return [error.status, shape(error.code, error.message)];
  if (hasZodFastifySchemaValidationErrors(error)) return [400, invalid(error)];
  const { code = '', statusCode = 500 } = (error ?? {}) as Partial<FastifyError>;
  const refused = REFUSED.get(code);
  if (refused !== undefined) return [refused[0], shape(refused[1], refused[2])];
  if (statusCode >= 400 && statusCode < 500) {
    return [
      statusCode,
      shape('BAD_REQUEST', 'The request cannot be understood. Look at /api/v1/openapi.json for its form.'),
    ];
  }
  const reference = randomBytes(6).toString('hex');
  report(error, reference);
  const message = `Something in the broker failed, which is no fault of the request. Its log says what, under ${reference}.`;
  return [500, shape('INTERNAL', message)];
}

/** Turns whatever a route throws into an answer. */
export const errorHandler =
  (report: ReportFailure) =>
  (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const [status, body] = errorAnswer(error, (failure, reference) => report(failure, reference, request));
    reply.code(status).type('application/json; charset=utf-8').serializer(JSON.stringify).send(body);
  };

interface Invalid {
  readonly validation: readonly { readonly instancePath: string; readonly message?: string | undefined }[];
  readonly validationContext?: string | undefined;
}

function invalid(error: Invalid): ApiError {
  const where = error.validationContext === 'querystring' ? 'query' : (error.validationContext ?? 'request');
  const details = error.validation.slice(0, 20).map(({ instancePath, message }) => ({
    path: `${where}${instancePath.replace(/\/$/, '').replaceAll('/', '.')}`,
    message: message ?? 'is not valid',
  }));
  const first = details[0];
  const what = first === undefined ? '' : ` ${first.path}: ${first.message}.`;
  return {
    error: {
      code: 'VALIDATION_FAILED',
      message: `The request is not as this resource takes it.${what} Its form is in /api/v1/openapi.json.`,
      details,
    },
  };
}

const shape = (code: string, message: string): ApiError => ({ error: { code, message } });
