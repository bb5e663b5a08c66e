import { createReadStream } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { parse } from 'csv-parse';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

/* The usual way with streams: `csv-parse-copy.ts <url> <table> …files`, csv-parse, COPY text. */

const [, , url = '', table = '', ...files] = process.argv;
const client = new pg.Client({ connectionString: url });
await client.connect();

function toCopyText(): Transform {
  let text = '';
  return new Transform({
    writableObjectMode: true,
    transform(record: readonly string[], _encoding, done) {
      const fields = record.map((field) =>
        field === ''
          ? '\\N'
          : field.replace(
              /[\\\t\n\r]/g,
              (found) => ({ '\\': '\\\\', '\t': '\\t', '\n': '\\n' })[found] ?? '\\r',
            ),
      );
      text += `${fields.join('\t')}\n`;
      if (text.length < 65_536) return done();
      const full = text;
      text = '';
      done(null, full);
    },
    flush(done) {
      done(null, text);
    },
  });
}

for (const file of files) {
  const records = parse({ relax_quotes: true });
  let header: string[] | undefined;
  const skipHeader = new Transform({
    objectMode: true,
    transform(record: string[], _encoding, done) {
      if (header !== undefined) return done(null, record);
      header = record;
      done();
    },
  });
  await client.query('BEGIN');
  const columns = (await readHeader(file)).map((name) => `"${name}"`).join(', ');
  const copy = client.query(copyFrom(`COPY ${table} (${columns}) FROM STDIN`));
  await pipeline(createReadStream(file), createGunzip(), records, skipHeader, toCopyText(), copy);
  await client.query('COMMIT');
}
await client.end();

async function readHeader(file: string): Promise<string[]> {
  const stream = createReadStream(file).pipe(createGunzip());
  for await (const chunk of stream) {
    stream.destroy();
    return (String(chunk).split('\n')[0] ?? '').split(',');
  }
  return [];
}
