// Makes JSON-RPC calls with what Node has: rpc.js PATH [batch].
//
//   batch  each call is sent in a batch, together with a notification
const serve = require('./lines.js');

const [path, how] = process.argv.slice(2);
const notification = { jsonrpc: '2.0', method: 'getSubscription', params: ['', ''] };
let calls = 0;

// post returns the status and the text of an answer.
async function post(request) {
  const response = await fetch(process.env.LATCHKEY_URL + path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(request),
  });
  return [response.status, await response.text()];
}

// only returns the one answer to a batch.
function only(text) {
  const answers = JSON.parse(text);
  if (!Array.isArray(answers) || answers.length !== 1) throw new Error('not a list of one answer: ' + text);
  return answers[0];
}

serve(async ({ method, args }) => {
  const id = calls++;
  const call = { jsonrpc: '2.0', method, params: args, id };
  const [status, text] = await post(how === 'batch' ? [notification, call] : call);
  const answer = how === 'batch' ? only(text) : JSON.parse(text);
  if (answer.jsonrpc !== '2.0' || answer.id !== id) throw new Error('an answer to another call: ' + text);
  if (('result' in answer) === ('error' in answer)) throw new Error('not one of result and error: ' + text);
  if (answer.error) {
    const { code, message, data } = answer.error;
    return { fault: { code: data.error_code, message, number: code }, status };
  }
  return { result: answer.result, status };
});
