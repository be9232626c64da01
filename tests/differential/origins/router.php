<?php
// What PHP hands to a script: $_FILES and $_POST, flattened. Served by `php -S`.

// A warning in front of the answer would take the place of its header.
ini_set('display_errors', '0');

function part(string $kind, string $name, ?string $filename, string $content): array
{
    return ['kind' => $kind, 'name' => shown($name), 'filename' => shown($filename),
        'base64' => base64_encode($content)];
}

// JSON takes UTF-8 only; names are shown, not compared.
function shown(?string $text): ?string
{
    return $text === null || preg_match('//u', $text) ? $text : addcslashes($text, "\x80..\xff");
}

function fields(array $values, string $path): array
{
    $parts = [];
    foreach ($values as $key => $value) {
        $name = $path === '' ? (string) $key : "{$path}[{$key}]";
        array_push($parts, ...(is_array($value) ? fields($value, $name) : [part('field', $name, null, $value)]));
    }
    return $parts;
}

// `a[]` turns every entry of $_FILES['a'] into an array.
function files(string $name, mixed $filename, mixed $path): array
{
    if (!is_array($path)) {
        return is_file($path) ? [part('file', $name, $filename, file_get_contents($path))] : [];
    }
    $parts = [];
    foreach ($path as $key => $inner) {
        array_push($parts, ...files("{$name}[{$key}]", is_array($filename) ? $filename[$key] ?? null : $filename, $inner));
    }
    return $parts;
}

$parts = fields($_POST, '');
foreach ($_FILES as $name => $file) {
    array_push($parts, ...files((string) $name, $file['name'], $file['tmp_name']));
}
$text = json_encode(['parts' => $parts]);
header('Content-Type: application/json');
header('Content-Length: ' . strlen($text));
echo $text;
