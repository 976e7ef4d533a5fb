<?php
// The test fills in what is to be signed, whether to encrypt, and for whom.
$metadata['urn:amazon:webservices'] = [
    'AssertionConsumerService' => '%[1]s',
    'NameIDFormat' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
    'simplesaml.nameidattribute' => 'uid',
    'saml20.sign.response' => %[2]t,
    'saml20.sign.assertion' => %[3]t,
    'assertion.encryption' => %[4]t,
    'certData' => '%[5]s',
];
