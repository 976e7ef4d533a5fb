// The npm package samlp behind a page that signs in whoever gives a name, and a
// proxy that ends TLS.
const { createPublicKey } = require('node:crypto');
const { createServer } = require('node:http');
const { inflateRawSync } = require('node:zlib');
const samlp = require('samlp');

const { ISSUER, LISTEN, RECIPIENT, KEY_FILE, CERT, FOR } = process.env;
const KEY = require('node:fs').readFileSync(KEY_FILE, 'utf8');
const aws = 'https://aws.amazon.com/SAML/Attributes/';
const account = 'arn:aws:iam::111122223333';

// profile says of a user what AWS's attributes want to know.
function profile(user) {
  return {
    getClaims: () => ({
      [`${aws}Role`]: `${account}:role/CodeCommitAccess,${account}:saml-provider/Company`,
      [`${aws}RoleSessionName`]: user,
      [`${aws}PrincipalTag:team`]: 'core',
    }),
    getNameIdentifier: () => ({ nameIdentifier: user }),
  };
}
profile.prototype.metadata = [];

const options = {
  issuer: ISSUER, key: KEY, cert: CERT,
  recipient: RECIPIENT, destination: RECIPIENT, audience: RECIPIENT,
  signatureAlgorithm: 'rsa-sha256', digestAlgorithm: 'sha256',
  nameIdentifierFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
  includeAttributeNameFormat: true, lifetimeInSeconds: 300, profileMapper: profile,
};
// Each way of signing has a page of its own.
const ways = {
  '/assertion': { signAssertion: true, signResponse: false },
  '/response': { signAssertion: false, signResponse: true },
  '/both': { signAssertion: true, signResponse: true },
  '/encrypted': {
    signAssertion: true, signResponse: false,
    encryptionCert: FOR, encryptionPublicKey: createPublicKey(FOR).export({ type: 'spki', format: 'pem' }),
    encryptionAlgorithm: 'http://www.w3.org/2009/xmlenc11#aes256-gcm',
  },
};

function post(action, field, value) {
  return `<form method="post" action="${action}"><input name="${field}" value="${value}"></form>`;
}

// page is a form for the user's name, with what must come back.
function page(action, hidden) {
  const fields = Object.entries(hidden).map(([name, value]) => `<input type="hidden" name="${name}" value="${value}">`);
  return `<form method="post" action="${action}"><input name="user" value="">${fields.join('')}</form>`;
}

// begin reads an AuthnRequest of the redirect binding.
function begin(query) {
  const request = inflateRawSync(Buffer.from(query.get('SAMLRequest'), 'base64')).toString();
  const value = (name) => new RegExp(`${name}="([^"]*)"`).exec(request)[1];
  return page('/sso', { id: value(' ID'), acs: value('AssertionConsumerServiceURL'), RelayState: query.get('RelayState') });
}

// finish answers it at the address that it asked for.
function finish(form, answer) {
  const way = { signAssertion: true, signResponse: true, inResponseTo: form.get('id') };
  samlp.getSamlResponse({ ...options, ...way }, form.get('user'), (err, response) => {
    if (err) throw err;
    const fields = `<input name="SAMLResponse" value="${Buffer.from(response).toString('base64')}"><input name="RelayState" value="${form.get('RelayState')}">`;
    answer(`<form method="post" action="${form.get('acs')}">${fields}</form>`);
  });
}

function signIn(way, user, answer) {
  samlp.getSamlResponse({ ...options, ...way }, user, (err, response) => {
    if (err) throw err;
    answer(post(RECIPIENT, 'SAMLResponse', Buffer.from(response).toString('base64')));
  });
}

// metadata hands samlp's own handler what it wants of express.
function metadata(req, res) {
  req.originalUrl = req.url;
  res.set = (name, value) => res.setHeader(name, value);
  res.send = (body) => res.end(body);
  samlp.metadata(options)(req, res);
}

const [host, port] = LISTEN.split(':');
createServer((req, res) => {
  if (req.method === 'GET' && req.url.startsWith('/sso?')) return res.end(begin(new URL(req.url, 'http://idp').searchParams));
  const way = ways[req.url];
  if (!way && req.url !== '/sso') return metadata(req, res);
  if (req.method === 'GET') return res.end(post(req.url, 'user', ''));
  const body = [];
  req.on('data', (chunk) => body.push(chunk));
  req.on('end', () => (req.url === '/sso' ? finish(new URLSearchParams(Buffer.concat(body).toString()), (text) => res.end(text)) : signIn(way, new URLSearchParams(Buffer.concat(body).toString()).get('user'), (text) => res.end(text))));
}).listen(Number(port), host);
