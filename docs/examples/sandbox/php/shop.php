<?php
// A pretend shop's back end: it signs its customers on in the cart, by SOAP, with PHP's own client.

final class ShopUnavailable extends RuntimeException {}

final class Shop
{
    private const TRIES = 3;

    private SoapClient $api;
    private ?string $session = null;

    public function __construct(string $url, private string $code, private string $key)
    {
        $this->api = new SoapClient(null, ['location' => "$url/soap/6.0/", 'uri' => 'urn:2checkout:soap:6.0']);
    }

    /** Returns a link that takes the customer into the cart, signed in. It works once, for a minute. */
    public function cartLink(string $customer, string $buyLink): string
    {
        return $this->call('getSingleSignOnInCart', $customer, 'AvangateCustomerReference', $buyLink, 60, null);
    }

    /** Calls a method that is safe to repeat. */
    private function call(string $method, mixed ...$arguments): mixed
    {
        for ($try = 1; ; $try++) {
            try {
                $this->session ??= $this->login();
                return $this->api->__soapCall($method, [$this->session, ...$arguments]);
            } catch (SoapFault $fault) {
                if ($fault->faultcode === 'FORBIDDEN') {
                    $this->session = null; // it is over: log in again
                } elseif (!in_array($fault->faultcode, ['HTTP', 'UNAVAILABLE'], true)) {
                    throw $fault; // our own mistake
                }
                if ($try === self::TRIES) {
                    throw new ShopUnavailable("$method: $fault->faultstring", previous: $fault);
                }
            }
        }
    }

    private function login(): string
    {
        $date = gmdate('Y-m-d H:i:s');
        $hash = hash_hmac('sha256', strlen($this->code) . $this->code . strlen($date) . $date, $this->key);
        return $this->api->login($this->code, $date, $hash, 'sha256');
    }
}
