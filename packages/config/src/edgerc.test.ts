import { expect, test } from 'vitest';
import { parseEdgerc } from './edgerc.ts';

const FILE = `; a comment
# another
stray = value before any section
[default]
host = akab-1.luna.akamaiapis.net/ ; the host
client_token="akab;quoted" ; a comment after it
client-secret = 'C113nt+53KR3T/6N='
ACCESS_TOKEN=akab-access
max-body = 131072
[ papi ]\r
host=https://h2.example\r
  # indented comment
access_token = abc#def
empty =
no equals sign
`;

test('sections, comments, quotes and dashes are read as Akamai reads them', () => {
  const sections = parseEdgerc(FILE);
  expect([...sections.keys()]).toEqual(['default', 'papi']);
  expect(Object.fromEntries(sections.get('default') ?? [])).toEqual({
    host: 'akab-1.luna.akamaiapis.net/',
    client_token: 'akab;quoted',
    client_secret: 'C113nt+53KR3T/6N=',
    access_token: 'akab-access',
    max_body: '131072',
  });
  expect(Object.fromEntries(sections.get('papi') ?? [])).toEqual({
    host: 'https://h2.example',
    access_token: 'abc#def',
    empty: '',
  });
});

test('a file without sections has none', () => {
  expect(parseEdgerc('host = a\n').size).toBe(0);
});
