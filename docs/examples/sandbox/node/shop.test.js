// Tests of the pretend shop against a sandbox. Start `latchkey dev`, then: npm install soap && node --test
//
// Nothing here sleeps: what takes time is made to have happened.

const assert = require('node:assert/strict');
const http = require('node:http');
const { text } = require('node:stream/consumers');
const { beforeEach, test } = require('node:test');
const { Shop, ShopUnavailable } = require('./shop.js');

const SANDBOX = (process.env.LATCHKEY_URL ?? 'http://localhost:8080').replace(/\/$/, '');
const CUSTOMER = '352365983';
const BUY_LINK = `${SANDBOX}/order/checkout.php?PRODS=4639321&QTY=1&CART=1`;

/** Calls the sandbox's own API, and returns what it answers. */
async function sandbox(method, path, body) {
  const options = { method };
  if (body) Object.assign(options, { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  const answer = await fetch(`${SANDBOX}/dev/api/${path}`, options);
  const said = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: status ${answer.status}: ${said}`);
  return said ? JSON.parse(said) : null;
}

/** Follows a link in a browser of its own, and returns the status and the page. (fetch says that it is no navigation.) */
async function follow(link) {
  const cookies = new Map();
  for (let url = link; ;) {
    const headers = { Cookie: [...cookies].map((pair) => pair.join('=')).join('; ') };
    const answer = await new Promise((resolve, reject) => { http.get(url, { headers }, resolve).on('error', reject); });
    for (const cookie of answer.headers['set-cookie'] ?? []) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie);
      cookies.set(name, value);
    }
    const page = await text(answer);
    if (answer.statusCode !== 303) return { status: answer.statusCode, page };
    url = new URL(answer.headers.location, url);
  }
}

/** How often the shop called a method since the reset. */
async function calls(method) {
  const { calls } = await sandbox('GET', 'calls?dialect=2checkout-soap');
  return calls.filter((call) => call.operation === method).length;
}

let shop;

beforeEach(async () => {
  await sandbox('POST', 'reset');
  shop = new Shop(SANDBOX, 'AVANGATE', 'SECRET_KEY');
});

test('a link signs the customer in', async () => {
  const { status, page } = await follow(await shop.cartLink(CUSTOMER, BUY_LINK));
  assert.equal(status, 200);
  assert.match(page, /john\.newman@example\.com/);
});

test('a link that has expired is refused, and a new one works', async () => {
  const link = await shop.cartLink(CUSTOMER, BUY_LINK);
  assert.equal((await sandbox('POST', 'links/expire', { link })).standing, 'expired');
  assert.equal((await follow(link)).status, 403);
  assert.equal((await follow(await shop.cartLink(CUSTOMER, BUY_LINK))).status, 200);
});

test('the shop logs in again when its SOAP session is over', async () => {
  await shop.cartLink(CUSTOMER, BUY_LINK);
  await shop.cartLink(CUSTOMER, BUY_LINK);
  assert.equal(await calls('login'), 1);
  await sandbox('POST', 'clock', { advance: '10m' });
  assert.equal((await follow(await shop.cartLink(CUSTOMER, BUY_LINK))).status, 200);
  assert.equal(await calls('login'), 2);
});

test('one 503 goes unnoticed', async () => {
  await sandbox('POST', 'faults', { dialect: '2checkout-soap', kind: 'status', status: 503, times: 1 });
  assert.equal((await follow(await shop.cartLink(CUSTOMER, BUY_LINK))).status, 200);
  assert.equal((await sandbox('GET', 'faults')).faults[0].spent, true);
});

test('the shop gives up when the API stays away', async () => {
  await sandbox('POST', 'faults', { dialect: '2checkout-soap', contains: 'getSingleSignOnInCart', kind: 'error', error: 'unavailable' });
  await assert.rejects(shop.cartLink(CUSTOMER, BUY_LINK), ShopUnavailable);
  assert.equal(await calls('getSingleSignOnInCart'), 3);
});

test('an answer that is lost costs nothing but a link', async () => {
  await sandbox('POST', 'faults', { dialect: '2checkout-soap', contains: 'getSingleSignOnInCart', kind: 'cut', after: true, times: 1 });
  assert.equal((await follow(await shop.cartLink(CUSTOMER, BUY_LINK))).status, 200);
  const { links } = await sandbox('GET', `links?tenant=avangate&kind=customer&ref=${CUSTOMER}`);
  assert.deepEqual(links.map((link) => link.standing), ['redeemed', 'live']); // the latest first
});
