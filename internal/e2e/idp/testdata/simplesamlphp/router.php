<?php
// PHP's own server for SimpleSAMLphp: a script's path may go on behind its
// name, and TLS ended at the proxy.
$_SERVER['HTTPS'] = 'on';
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if (!preg_match('~^(/.+?\.php)(/.*)?$~', $path, $part) || !is_file($_SERVER['DOCUMENT_ROOT'] . $part[1])) {
    return false;
}
$_SERVER['SCRIPT_NAME'] = $part[1];
$_SERVER['SCRIPT_FILENAME'] = $_SERVER['DOCUMENT_ROOT'] . $part[1];
$_SERVER['PATH_INFO'] = $part[2] ?? '';
$_SERVER['PHP_SELF'] = $path;
chdir(dirname($_SERVER['SCRIPT_FILENAME']));
require $_SERVER['SCRIPT_FILENAME'];
