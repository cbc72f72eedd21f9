// What the drivers share: each line that comes in asks for a call, each line
// that goes out says what came of it.
const crypto = require('crypto');
const readline = require('readline');

// proof returns the date and the hash of a login.
function proof(code, key, algorithm) {
  const date = new Date().toISOString().slice(0, 19).replace('T', ' ');
  const text = Buffer.byteLength(code) + code + date.length + date;
  return [date, crypto.createHmac(algorithm, key).update(text).digest('hex')];
}

// serve answers all lines. call makes a call and returns what came of it.
async function serve(call) {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const asked = JSON.parse(line);
    let answer;
    try {
      answer = asked.sign ? { result: proof(...asked.sign) } : await call(asked);
    } catch (e) {
      answer = { broken: String(e) };
    }
    console.log(JSON.stringify(answer));
  }
}

module.exports = serve;
