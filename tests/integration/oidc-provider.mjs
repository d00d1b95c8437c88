// A provider of OpenID Connect by npm's oidc-provider, for test_oidc_providers.py.
//
// usage: node oidc-provider.mjs FOLDER PORT CLIENT SECRET REDIRECT
//
// FOLDER has node_modules, and people.json: {NAME: [GROUP...]}, which is read at each question, so that people come and go.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [folder, port, client, secret, redirect] = process.argv.slice(2);
const require = createRequire(`${folder}/package.json`);
const { default: Provider } = await import(pathToFileURL(require.resolve('oidc-provider')));

const people = () => JSON.parse(readFileSync(`${folder}/people.json`, 'utf8'));

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: client,
    client_secret: secret,
    redirect_uris: [redirect],
    response_types: ['code'],
    grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
    token_endpoint_auth_method: 'client_secret_basic',
  }],
  cookies: { keys: ['of a test'] },
  claims: { openid: ['sub', 'groups'], profile: ['name', 'preferred_username'], email: ['email'] },
  features: { devInteractions: { enabled: true }, deviceFlow: { enabled: true } },
  pkce: { required: () => true },
  findAccount: (context, id) => {
    const groups = people()[id];
    return groups && {
      accountId: id,
      claims: () => ({ sub: id, name: `The ${id}`, preferred_username: id, email: `${id}@example.com`, groups }),
    };
  },
});
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
