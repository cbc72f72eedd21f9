<?php
// Runs before a sample: parse_str with one argument, which went with PHP 8. It
// set global variables, with dots and blanks in their names as underscores.

error_reporting(E_ALL);
ini_set('display_errors', 'stderr');

function parse_str(string $text): void
{
    foreach (explode('&', $text) as $pair) {
        [$name, $value] = array_map('urldecode', explode('=', $pair, 2) + [1 => '']);
        $GLOBALS[strtr($name, '. ', '__')] = $value;
    }
}
