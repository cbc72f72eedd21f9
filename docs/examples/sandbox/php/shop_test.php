<?php
// Tests of the pretend shop against a sandbox. Start `latchkey dev`, then: php shop_test.php
//
// Nothing here sleeps: what takes time is made to have happened.

require __DIR__ . '/shop.php';

define('SANDBOX', rtrim(getenv('LATCHKEY_URL') ?: 'http://localhost:8080', '/'));
const CUSTOMER = '352365983';
const BUY_LINK = SANDBOX . '/order/checkout.php?PRODS=4639321&QTY=1&CART=1';

function shop(): Shop
{
    return new Shop(SANDBOX, 'AVANGATE', 'SECRET_KEY');
}

/** Calls the sandbox's own API, and returns what it answers. */
function sandbox(string $method, string $path, ?array $body = null): mixed
{
    $curl = curl_init(SANDBOX . "/dev/api/$path");
    curl_setopt_array($curl, [CURLOPT_CUSTOMREQUEST => $method, CURLOPT_RETURNTRANSFER => true]);
    if ($body !== null) {
        curl_setopt_array($curl, [CURLOPT_HTTPHEADER => ['Content-Type: application/json'], CURLOPT_POSTFIELDS => json_encode($body)]);
    }
    $answer = curl_exec($curl);
    $status = curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
    if ($status < 200 || $status > 299) {
        throw new RuntimeException("$method $path: status $status: $answer" . curl_error($curl));
    }
    return json_decode($answer, true);
}

/** Follows a link in a browser of its own, and returns the status and the page. */
function follow(string $link): array
{
    $curl = curl_init($link);
    curl_setopt_array($curl, [CURLOPT_RETURNTRANSFER => true, CURLOPT_FOLLOWLOCATION => true, CURLOPT_COOKIEFILE => '']);
    $page = curl_exec($curl);
    return [curl_getinfo($curl, CURLINFO_RESPONSE_CODE), (string) $page];
}

/** How often the shop called a method since the reset. */
function calls(string $method): int
{
    $calls = sandbox('GET', 'calls?dialect=2checkout-soap')['calls'];
    return count(array_filter($calls, fn (array $call) => $call['operation'] === $method));
}

function same(mixed $want, mixed $got, string $what): void
{
    if ($want !== $got) {
        throw new RuntimeException("$what: got " . var_export($got, true) . ', want ' . var_export($want, true));
    }
}

$tests = [
    'a link signs the customer in' => function () {
        [$status, $page] = follow(shop()->cartLink(CUSTOMER, BUY_LINK));
        same(200, $status, 'status');
        same(true, str_contains($page, 'john.newman@example.com'), 'the page knows the customer');
    },

    'a link that has expired is refused, and a new one works' => function () {
        $shop = shop();
        $link = $shop->cartLink(CUSTOMER, BUY_LINK);
        same('expired', sandbox('POST', 'links/expire', ['link' => $link])['standing'], 'the link');
        same(403, follow($link)[0], 'status of the old link');
        same(200, follow($shop->cartLink(CUSTOMER, BUY_LINK))[0], 'status of the new one');
    },

    'the shop logs in again when its SOAP session is over' => function () {
        $shop = shop();
        $shop->cartLink(CUSTOMER, BUY_LINK);
        $shop->cartLink(CUSTOMER, BUY_LINK);
        same(1, calls('login'), 'logins within ten minutes');
        sandbox('POST', 'clock', ['advance' => '10m']);
        same(200, follow($shop->cartLink(CUSTOMER, BUY_LINK))[0], 'status of a link after that');
        same(2, calls('login'), 'logins after that');
    },

    'one 503 goes unnoticed' => function () {
        $fault = sandbox('POST', 'faults', ['dialect' => '2checkout-soap', 'kind' => 'status', 'status' => 503, 'times' => 1]);
        same(200, follow(shop()->cartLink(CUSTOMER, BUY_LINK))[0], 'status');
        same($fault['id'], sandbox('GET', 'faults')['faults'][0]['id'], 'the fault');
        same(true, sandbox('GET', 'faults')['faults'][0]['spent'], 'the fault has struck');
    },

    'the shop gives up when the API stays away' => function () {
        sandbox('POST', 'faults', ['dialect' => '2checkout-soap', 'contains' => 'getSingleSignOnInCart', 'kind' => 'error', 'error' => 'unavailable']);
        try {
            shop()->cartLink(CUSTOMER, BUY_LINK);
            throw new LogicException('got a link');
        } catch (ShopUnavailable) {
            same(3, calls('getSingleSignOnInCart'), 'tries');
        }
    },

    'an answer that is lost costs nothing but a link' => function () {
        sandbox('POST', 'faults', [
            'dialect' => '2checkout-soap', 'contains' => 'getSingleSignOnInCart', 'kind' => 'cut', 'after' => true, 'times' => 1,
        ]);
        same(200, follow(shop()->cartLink(CUSTOMER, BUY_LINK))[0], 'status');
        $links = sandbox('GET', 'links?tenant=avangate&kind=customer&ref=' . CUSTOMER)['links'];
        same(['redeemed', 'live'], array_column($links, 'standing'), 'the links, the latest first');
    },
];

$failed = 0;
foreach ($tests as $name => $test) {
    sandbox('POST', 'reset');
    try {
        $test();
        echo "ok      $name\n";
    } catch (Throwable $e) {
        $failed++;
        echo "FAILED  $name: {$e->getMessage()}\n";
    }
}
exit($failed > 0 ? 1 : 0);
