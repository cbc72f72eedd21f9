<?php
// What the vendor's samples require under the name PATH_TO_AUTH: a client, and
// a session that is opened as the vendor's page on authentication shows.

$host = getenv('LATCHKEY_URL');
$merchantCode = getenv('MERCHANT_CODE');
$key = getenv('SECRET_KEY');
$algo = getenv('ALGORITHM');

$now = gmdate('Y-m-d H:i:s');
$string = strlen($merchantCode) . $merchantCode . strlen($now) . $now;
$hash = hash_hmac($algo, $string, $key);

$options = ['location' => $host . '/soap/6.0/', 'trace' => true, 'cache_wsdl' => WSDL_CACHE_NONE];
if (getenv('COMPRESSION') !== '') {
    $options['compression'] = (int) getenv('COMPRESSION');
}

try {
    if (getenv('WSDL') !== '') {
        $client = new SoapClient($host . '/soap/6.0/?wsdl', $options);
    } else {
        $client = new SoapClient(null, $options + ['uri' => 'urn:2checkout:soap:6.0']);
    }
    // Without an algorithm's name it is md5, as in the older samples.
    $sessionID = $algo === 'md5' ? $client->login($merchantCode, $now, $hash) : $client->login($merchantCode, $now, $hash, $algo);
} catch (SoapFault $e) {
    echo 'Authentication: ' . $e->getMessage();
    exit(1);
}
