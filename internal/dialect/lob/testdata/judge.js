// Signs and verifies tokens with jsonwebtoken and aws-jwt-verify. Reads a list of
// tasks from standard input and writes the list of their results, in their order.
const jwt = require('jsonwebtoken');
const { JwtVerifier } = require('aws-jwt-verify');

const tasks = {
  // resign verifies a token, and signs what it says anew.
  resign: (t) => jwt.sign(jwt.verify(t.token, Buffer.from(t.secret), { algorithms: ['HS256'], clockTimestamp: t.now }), Buffer.from(t.secret), { algorithm: 'HS256' }),
  // expiring makes a token of the same claims as the common back end does: with a lifetime.
  expiring: (t) => {
    const { iat, exp, jti, ...claims } = jwt.decode(t.token);
    return jwt.sign({ ...claims, iat }, Buffer.from(t.secret), { expiresIn: exp - iat, jwtid: jti });
  },
  access: async (t) => {
    const verifier = JwtVerifier.create({ issuer: t.issuer, audience: null, jwksUri: `${t.issuer}/.well-known/jwks.json`, scope: t.scope });
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
