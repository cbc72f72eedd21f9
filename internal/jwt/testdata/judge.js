// Signs and verifies tokens with jsonwebtoken and aws-jwt-verify. Reads a list of
// tasks from standard input and writes the list of their results, in their order:
// a token, or what a token says, or the reason why it was refused.
const crypto = require('node:crypto');
const jwt = require('jsonwebtoken');
const { CognitoJwtVerifier } = require('aws-jwt-verify');

const key = (jwk, type) => jwk.kty === 'oct' ? Buffer.from(jwk.k, 'base64url') : crypto[`create${type}Key`]({ key: jwk, format: 'jwk' });

const tasks = {
  sign: (t) => jwt.sign(JSON.parse(t.claims), key(t.jwk, 'Private'), { algorithm: t.jwk.alg, ...(t.jwk.kid && { keyid: t.jwk.kid }) }),
  verify: (t) => JSON.stringify(jwt.verify(t.token, key(t.jwk, 'Public'), { algorithms: [t.jwk.alg], clockTimestamp: t.now })),
  cognito: async (t) => {
    const verifier = CognitoJwtVerifier.create({ userPoolId: t.pool, tokenUse: 'access', clientId: t.client });
    verifier.cacheJwks(t.jwks);
    return JSON.stringify(await verifier.verify(t.token));
  },
};

async function main() {
  const results = [];
  for (const t of JSON.parse(require('node:fs').readFileSync(0, 'utf8'))) {
    try {
      results.push({ result: await tasks[t.task](t) });
    } catch (e) {
      results.push({ refused: `${e.name}: ${e.message}` });
    }
  }
  console.log(JSON.stringify(results));
}
main();
