// The npm package oidc-provider with its own development pages, behind a proxy
// that ends TLS. It signs in whoever gives a name.
import { generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';

const { ISSUER, LISTEN, CLIENT_SECRET, CALLBACK } = process.env;
const [host, port] = LISTEN.split(':');
const tags = 'https://aws.amazon.com/tags';
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

const provider = new Provider(ISSUER, {
  clients: [{ client_id: 'sojourn', client_secret: CLIENT_SECRET, redirect_uris: [CALLBACK] }],
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'first', use: 'sig', alg: 'RS256' }] },
  conformIdTokenClaims: false,
  claims: { openid: ['sub', tags] },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, [tags]: { principal_tags: { team: ['core'] } } }) }),
  cookies: { keys: [CLIENT_SECRET] },
});
provider.proxy = true;
provider.listen(Number(port), host);
