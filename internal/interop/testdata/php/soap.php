<?php
// Drives PHP's SoapClient: soap.php PATH wsdl|location [maps] [vars] [named] [gzip] [latin1].
//
//   maps    objects are associative arrays, not stdClass
//   vars    objects are SoapVars
//   named   arguments have names and come in reverse order
//   gzip    requests are compressed, answers may be
//   latin1  the program has its texts in ISO-8859-1

require __DIR__ . '/lines.php';

$how = array_slice($argv, 2);
$url = getenv('LATCHKEY_URL') . $argv[1];
$options = ['location' => $url, 'trace' => true, 'exceptions' => true, 'cache_wsdl' => WSDL_CACHE_NONE];
if (in_array('gzip', $how)) {
    $options['compression'] = SOAP_COMPRESSION_ACCEPT | SOAP_COMPRESSION_GZIP | 5;
}
if (in_array('latin1', $how)) {
    $options['encoding'] = 'ISO-8859-1';
}
if (in_array('wsdl', $how)) {
    $client = new SoapClient($url . '?wsdl', $options);
} else {
    $client = new SoapClient(null, $options + ['uri' => 'urn:2checkout:soap:6.0']);
}

// recode returns the value with all its texts in another encoding.
function recode($value, string $from, string $to)
{
    if (is_string($value)) {
        return iconv($from, $to, $value);
    }
    if (is_array($value)) {
        return array_map(fn ($member) => recode($member, $from, $to), $value);
    }
    if (is_object($value)) {
        return (object) recode((array) $value, $from, $to);
    }
    return $value;
}

// variables returns the value with each object as a SoapVar.
function variables($value)
{
    if (is_array($value)) {
        return array_map('variables', $value);
    }
    if (is_object($value)) {
        return new SoapVar((object) array_map('variables', (array) $value), SOAP_ENC_OBJECT);
    }
    return $value;
}

// status returns the HTTP status of the last answer.
function status(SoapClient $client): int
{
    preg_match('#^HTTP/\S+ (\d+)#', (string) $client->__getLastResponseHeaders(), $found);
    return (int) ($found[1] ?? 0);
}

serve(in_array('maps', $how), function (string $method, array $args, array $names) use ($client, $how) {
    if ($method === '__getFunctions') {
        return ['result' => $client->__getFunctions()];
    }
    $latin1 = in_array('latin1', $how);
    if ($latin1) {
        $args = recode($args, 'UTF-8', 'ISO-8859-1');
    }
    if (in_array('vars', $how)) {
        $args = variables($args);
    }
    if (in_array('named', $how)) {
        $names = array_slice($names, 0, count($args));
        $args = array_reverse(array_map(fn ($value, $name) => new SoapParam($value, $name), $args, $names));
    }
    try {
        $result = $client->__soapCall($method, $args);
    } catch (SoapFault $e) {
        return ['fault' => ['code' => $e->faultcode, 'message' => $e->getMessage()], 'status' => status($client)];
    }
    return ['result' => $latin1 ? recode($result, 'ISO-8859-1', 'UTF-8') : $result, 'status' => status($client)];
});
