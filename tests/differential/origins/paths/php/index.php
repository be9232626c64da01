<?php
// A front controller as frameworks have one: what follows the script, or else the path.
$path = $_SERVER['PATH_INFO'] ?? rawurldecode(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH) ?: '/');
$method = $_SERVER['HTTP_X_HTTP_METHOD_OVERRIDE'] ?? $_SERVER['REQUEST_METHOD'];
// Without the modifier D, `$` is before a line end as well.
$routes = ['~^/upload(?:/.*)?$~s' => 'upload', '~^/api/[^/]+/file$~' => 'api', '~^/submit/*$~i' => 'submit'];
if ($method === 'PUT') {
    $routes['~^/store$~'] = 'store';
}
foreach ($routes as $pattern => $name) {
    if (preg_match($pattern, $path)) {
        exit("ran {$name}");
    }
}
echo 'ran other';
