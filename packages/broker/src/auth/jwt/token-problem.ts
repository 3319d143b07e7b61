import { errors } from 'jose';

/**
 * Why a token is not believed, for the log; undefined = the error is not about the token.
 *
 * Only kinds and names of claims are taken from the errors of the library: they carry the claims themselves.
 */
export function tokenProblem(error: unknown): string | undefined {
  if (error instanceof errors.JWTExpired) return 'the token has expired';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'the signature of the token is wrong';
  if (error instanceof errors.JWTClaimValidationFailed) return claimProblem(error.claim, error.reason);
  if (error instanceof errors.JOSEAlgNotAllowed) return 'the algorithm of the token is not accepted';
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) return 'the token is malformed';
  if (error instanceof errors.JOSENotSupported) return 'the token needs something that is not supported';
  return undefined;
}

function claimProblem(claim: string, reason: string): string {
  if (reason === 'missing') return `the token has no claim "${claim}"`;
  if (reason === 'invalid') return `the claim "${claim}" of the token has the wrong form`;
  switch (claim) {
    case 'nbf':
      return 'the token is not valid yet (claim "nbf")';
    case 'iss':
      return 'the token is of another issuer (claim "iss")';
    case 'aud':
      return 'the token is for another audience (claim "aud")';
    default:
      return `the claim "${claim}" of the token does not fit`;
  }
}
