<?php
// Runs after a sample that did not stop: tells what it left behind, as a line
// of JSON.

echo "\n", json_encode([
    'link' => $ssoLINK,
    'token' => $logintoken ?? null,
    'customer' => $CustomerSSOInfo ?? null,
    'class' => is_object($CustomerSSOInfo ?? null) ? get_class($CustomerSSOInfo) : gettype($CustomerSSOInfo ?? null),
    'sent' => $client->__getLastRequestHeaders(),
    'came' => $client->__getLastResponseHeaders(),
], JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR), "\n";
