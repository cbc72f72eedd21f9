<?php
// Makes JSON-RPC calls as published clients do, with what PHP always has, over
// HTTP/1.0 and without a word on the content: rpc.php PATH [named].

require __DIR__ . '/lines.php';

$path = $argv[1];
$named = in_array('named', $argv);
$calls = 0;

serve(false, function (string $method, array $args, array $names) use ($path, $named, &$calls) {
    $params = $named ? (object) array_combine(array_slice($names, 0, count($args)), $args) : $args;
    $request = ['jsonrpc' => '2.0', 'method' => $method, 'params' => $params, 'id' => $calls++];
    $context = stream_context_create(['http' => [
        'method' => 'POST',
        'header' => 'Content-Type: application/x-www-form-urlencoded',
        'content' => json_encode($request),
        'protocol_version' => 1.0,
    ]]);
    $text = file_get_contents(getenv('LATCHKEY_URL') . $path, false, $context);
    if ($text === false) {
        return ['broken' => 'no answer: ' . ($http_response_header[0] ?? 'no status')];
    }
    $answer = json_decode($text, false, 64, JSON_THROW_ON_ERROR);
    $status = (int) explode(' ', $http_response_header[0])[1];
    if ($answer->jsonrpc !== '2.0' || $answer->id !== $request['id']) {
        return ['broken' => "an answer to another call: $text"];
    }
    if (property_exists($answer, 'result') === property_exists($answer, 'error')) {
        return ['broken' => "not one of result and error: $text"];
    }
    if (isset($answer->error)) {
        $error = $answer->error;
        return ['fault' => ['code' => $error->data->error_code, 'message' => $error->message, 'number' => $error->code], 'status' => $status];
    }
    return ['result' => $answer->result, 'status' => $status];
});
