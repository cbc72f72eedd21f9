<?php
// What the drivers share: each line that comes in asks for a call, each line
// that goes out says what came of it.

error_reporting(E_ALL);
ini_set('display_errors', 'stderr');

// proof returns the date and the hash of a login.
function proof(string $code, string $key, string $algorithm): array
{
    $date = gmdate('Y-m-d H:i:s');
    return [$date, hash_hmac($algorithm, strlen($code) . $code . strlen($date) . $date, $key)];
}

// serve answers all lines. $call makes a call and returns what came of it.
function serve(bool $maps, callable $call): void
{
    while (($line = fgets(STDIN)) !== false) {
        $asked = json_decode($line, false, 64, JSON_THROW_ON_ERROR);
        if (isset($asked->sign)) {
            $answer = ['result' => proof(...$asked->sign)];
        } else {
            $args = $maps ? json_decode($line, true)['args'] : $asked->args;
            try {
                $answer = $call($asked->method, $args, $asked->names);
            } catch (Throwable $e) {
                $answer = ['broken' => get_class($e) . ': ' . $e->getMessage()];
            }
        }
        echo json_encode($answer, JSON_UNESCAPED_SLASHES | JSON_PRESERVE_ZERO_FRACTION | JSON_THROW_ON_ERROR), "\n";
    }
}
