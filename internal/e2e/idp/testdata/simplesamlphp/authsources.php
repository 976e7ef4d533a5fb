<?php
// Users and what AWS's attributes say of them.
$aws = 'https://aws.amazon.com/SAML/Attributes/';
$role = 'arn:aws:iam::111122223333:role/CodeCommitAccess,arn:aws:iam::111122223333:saml-provider/Company';
$config = [
    'users' => [
        'exampleauth:UserPass',
        'maria:maria-secret' => [
            'uid' => ['maria'],
            "{$aws}Role" => [$role],
            "{$aws}RoleSessionName" => ['maria'],
            "{$aws}PrincipalTag:team" => ['core'],
        ],
    ],
];
