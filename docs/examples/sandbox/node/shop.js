// A pretend shop's back end: it signs its customers on in the cart, by SOAP, with the package "soap".

const { createHmac } = require('node:crypto');
const soap = require('soap');

const TRIES = 3;

class ShopUnavailable extends Error {}

class Shop {
  #url; #code; #key; #api; #session;

  constructor(url, code, key) {
    this.#url = url;
    this.#code = code;
    this.#key = key;
  }

  /** Returns a link that takes the customer into the cart, signed in. It works once, for a minute. */
  cartLink(customer, buyLink) {
    return this.#call('getSingleSignOnInCart', { idCustomer: customer, customerType: 'AvangateCustomerReference', url: buyLink, validityTime: 60 });
  }

  /** Calls a method that is safe to repeat. */
  async #call(method, args) {
    for (let tries = 1; ; tries++) {
      try {
        this.#api ??= await soap.createClientAsync(`${this.#url}/soap/6.0/?wsdl`);
        this.#session ??= await this.#login();
        const [answer] = await this.#api[`${method}Async`]({ sessionID: this.#session, ...args });
        return answer[`${method}Return`];
      } catch (error) {
        const code = error.root?.Envelope?.Body?.Fault?.faultcode; // none: that was no answer of the API
        if (code === 'FORBIDDEN') this.#session = undefined; // it is over: log in again
        else if (code && code !== 'UNAVAILABLE') throw error; // our own mistake
        if (tries === TRIES) throw new ShopUnavailable(`${method}: ${error.message}`, { cause: error });
      }
    }
  }

  async #login() {
    const code = this.#code, date = new Date().toISOString().slice(0, 19).replace('T', ' ');
    const hash = createHmac('sha256', this.#key).update(`${code.length}${code}${date.length}${date}`).digest('hex');
    const [answer] = await this.#api.loginAsync({ merchantCode: code, date, hash, algo: 'sha256' });
    return answer.loginReturn;
  }
}

module.exports = { Shop, ShopUnavailable };
