// Drives soap from npm.
const soap = require('soap');
const serve = require('./lines.js');

// plain returns a value without what soap adds to it: the attributes of typed
// elements, and the elements between an array and its items.
function plain(value) {
  if (value === null || typeof value !== 'object') return value;
  const { attributes, $value, ...members } = value;
  if ($value !== undefined) return $value;
  if (attributes?.['SOAP-ENC:arrayType']) return (members.item ?? []).map(plain);
  return Object.fromEntries(Object.entries(members).map(([name, member]) => [name, plain(member)]));
}

// given returns what soap wants for a list.
function given(value) {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return { item: value.map(given) };
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, given(member)]));
}

async function main() {
  const client = await soap.createClientAsync(process.env.LATCHKEY_URL + '/soap/6.0/?wsdl');
  let status = 0;
  client.on('response', (body, response) => { status = response.status; });
  await serve(async ({ method, args, names }) => {
    // soap can't pass a null: it is left out.
    const named = Object.fromEntries(args.map((value, i) => [names[i], given(value)]).filter(([, value]) => value !== null));
    try {
      const [result] = await client[method + 'Async'](named);
      return { result: plain(result[method + 'Return']), status };
    } catch (e) {
      if (!e.root) throw e;
      const { faultcode, faultstring } = e.root.Envelope.Body.Fault;
      return { fault: { code: faultcode, message: faultstring }, status: e.response.status };
    }
  });
}

main();
