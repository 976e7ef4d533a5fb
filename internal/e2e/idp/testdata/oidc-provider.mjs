// The npm package oidc-provider with its own development pages, behind a proxy
// that ends TLS. It signs in whoever gives a name.
import { generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';

const { ISSUER, LISTEN, CLIENT_SECRET, CALLBACK } = process.env;
const [host, port] = LISTEN.split(':');
const tags = 'https://aws.amazon.com/tags';
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

const provider = new Provider(ISSUER, {
  clients: [
    { client_id: 'sojourn', client_secret: CLIENT_SECRET, redirect_uris: [CALLBACK] },
    {
      client_id: 'sojourn-cli', application_type: 'native', token_endpoint_auth_method: 'none', redirect_uris: ['http://127.0.0.1/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
    },
  ],
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'first', use: 'sig', alg: 'RS256' }] },
  conformIdTokenClaims: false,
  claims: { openid: ['sub', tags] },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, [tags]: { principal_tags: { team: ['core'] } } }) }),
  features: { revocation: { enabled: true } },
  cookies: { keys: [CLIENT_SECRET] },
});
provider.proxy = true;
provider.listen(Number(port), host);
