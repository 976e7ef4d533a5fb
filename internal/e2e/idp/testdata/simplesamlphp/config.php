<?php
// SimpleSAMLphp as an identity provider behind a proxy that ends TLS.
$dir = getenv('SIMPLESAMLPHP_CONFIG_DIR');
$config = [
    'baseurlpath' => getenv('BASE_URL') . '/',
    'certdir' => "$dir/cert/",
    'datadir' => "$dir/data/",
    'tempdir' => "$dir/tmp/",
    'metadatadir' => "$dir/metadata/",
    'session.phpsession.savepath' => "$dir/sessions",
    'logging.handler' => 'errorlog',
    'timezone' => 'UTC',
    'secretsalt' => 'a salt of the tests',
    'auth.adminpassword' => 'a password of the tests',
    'admin.checkforupdates' => false,
    'enable.saml20-idp' => true,
    'module.enable' => ['core' => true, 'saml' => true, 'exampleauth' => true],
    'store.type' => 'phpsession',
    'session.cookie.secure' => true,
];
